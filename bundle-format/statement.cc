// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/statement.h"

#include "bundle-format/volume.h"

namespace patchferry {

namespace {

constexpr std::string_view kMagic = "PFSTATEM";
constexpr std::uint16_t kKindBundle = 1;
constexpr std::uint32_t kEncrypted = 1;  // critical flag

tl::unexpected<Refusal> refuse_at(RefusalKind kind, std::size_t offset, const char* text) {
  auto refusal = refuse(kind, std::string("the statement ") + text,
                        kind == RefusalKind::unknown_format ? "update patchferry on this side" : "");
  refusal.value().offset = offset;
  return refusal;
}

}  // namespace

std::array<std::byte, kStatementSize> encode_statement(const Statement& s) {
  ByteWriter w;
  w.raw(as_bytes(kMagic));                    //   0
  w.u16(kFormatVersion);                      //   8
  w.u16(kKindBundle);                         //  10
  w.u32(s.is_encrypted() ? kEncrypted : 0);   //  12 critical flags
  w.raw(s.trust_domain);                      //  16
  w.raw(s.audience);                          //  48
  w.raw(s.stream.bytes);                      //  80
  w.u32(s.epoch);                             //  96
  w.u32(s.root_version);                      // 100
  w.u64(s.sequence);                          // 104
  w.raw(s.previous);                          // 112
  w.raw(s.state_before);                      // 144
  w.raw(s.state_after);                       // 176
  w.u64(s.created);                           // 208
  w.u64(s.expires);                           // 216
  w.raw(s.bundle.bytes);                      // 224
  w.u32(s.volumes);                           // 240
  w.u32(s.block_log2);                        // 244
  w.u64(s.payload_bytes);                     // 248
  w.u64(s.expanded_bytes);                    // 256
  w.u32(s.patchsets);                         // 264
  w.u32(s.withdrawn);                         // 268
  w.u64(s.objects);                           // 272
  w.u64(s.table_bytes);                       // 280
  w.u64(s.volume_table_bytes);                // 288
  w.raw(s.volume_table_hash);                 // 296
  w.u64(s.manifest_bytes);                    // 328
  w.raw(s.manifest_hash);                     // 336
  w.raw(s.tables_hash);                       // 368
  w.raw(s.sealed_key.value_or(SealedKey{}));  // 400
  w.zeros(kStatementSize - w.size());         // 480, reserved
  const Bytes bytes = w.take();
  std::array<std::byte, kStatementSize> out{};
  std::memcpy(out.data(), bytes.data(), out.size());
  return out;
}

Result<Statement> decode_statement(ByteSpan bytes) {
  if (bytes.size() != kStatementSize) return refuse_at(RefusalKind::malformed, bytes.size(), "is not 512 bytes long");
  ByteReader r(bytes);
  if (as_text(r.raw(8)) != kMagic) return refuse_at(RefusalKind::malformed, 0, "does not begin with its magic");
  if (r.u16() != kFormatVersion)
    return refuse_at(RefusalKind::unknown_format, 8, "is of a format version that this program does not know");
  if (r.u16() != kKindBundle) return refuse_at(RefusalKind::unknown_format, 10, "is not a bundle's");
  const std::uint32_t flags = r.u32();
  if ((flags & ~kEncrypted) != 0)
    return refuse_at(RefusalKind::unknown_format, 12, "has critical flags that this program does not know");
  Statement s;
  s.trust_domain = r.array<32>();
  s.audience = r.array<32>();
  s.stream.bytes = r.array<16>();
  s.epoch = r.u32();
  s.root_version = r.u32();
  s.sequence = r.u64();
  s.previous = r.array<32>();
  s.state_before = r.array<32>();
  s.state_after = r.array<32>();
  s.created = r.u64();
  s.expires = r.u64();
  s.bundle.bytes = r.array<16>();
  s.volumes = r.u32();
  s.block_log2 = r.u32();
  s.payload_bytes = r.u64();
  s.expanded_bytes = r.u64();
  s.patchsets = r.u32();
  s.withdrawn = r.u32();
  s.objects = r.u64();
  s.table_bytes = r.u64();
  s.volume_table_bytes = r.u64();
  s.volume_table_hash = r.array<32>();
  s.manifest_bytes = r.u64();
  s.manifest_hash = r.array<32>();
  s.tables_hash = r.array<32>();
  const auto sealed = r.array<kSealedKeySize>();
  if ((flags & kEncrypted) != 0)
    s.sealed_key = sealed;
  else if (sealed != SealedKey{})
    return refuse_at(RefusalKind::malformed, 400, "holds a sealed key, and is not encrypted");
  if (!r.zeros(r.left())) return refuse_at(RefusalKind::malformed, 480, "has something in its reserved bytes");
  if (s.epoch == 0) return refuse_at(RefusalKind::malformed, 96, "has epoch 0");
  if (s.root_version == 0) return refuse_at(RefusalKind::malformed, 100, "has root version 0");
  if (s.sequence == 0 || s.sequence > (1ULL << 53))
    return refuse_at(RefusalKind::malformed, 104, "has an impossible sequence number");
  if (s.volumes == 0 || s.volumes > kMaxVolumes)
    return refuse_at(RefusalKind::too_large, 240, "has an impossible number of volumes");
  if (s.block_log2 < kMinBlockLog2 || s.block_log2 > kMaxBlockLog2)
    return refuse_at(RefusalKind::too_large, 244, "has an impossible block size");
  if (s.created > kLatestCreated) return refuse_at(RefusalKind::malformed, 208, "was made after the year 2200");
  if (s.payload_bytes > kMaxPayload) return refuse_at(RefusalKind::too_large, 248, "promises too much payload");
  if (s.expanded_bytes > kMaxPayload) return refuse_at(RefusalKind::too_large, 256, "promises too much expanded data");
  if (s.patchsets > kMaxPatchsets) return refuse_at(RefusalKind::too_large, 264, "brings too many patchsets");
  if (s.withdrawn > kMaxPatchsets) return refuse_at(RefusalKind::too_large, 268, "withdraws too many patchsets");
  if (s.is_encrypted() && (s.patchsets != 0 || s.withdrawn != 0 || s.objects != 0))
    return refuse_at(RefusalKind::malformed, 264, "is encrypted, and tells all the same how much it brings");
  if (s.is_encrypted() &&
      (!is_encrypted_length(s.manifest_bytes, kMaxManifest + kChunkTag) || !is_encrypted_length(s.table_bytes, s.block_bytes())))
    return refuse_at(RefusalKind::malformed, 280, "gives lengths that nothing encrypted has");
  if (s.objects > s.table_bytes) return refuse_at(RefusalKind::malformed, 272, "counts more objects than its tables can hold");
  if (s.table_bytes > kMaxTables) return refuse_at(RefusalKind::too_large, 280, "has too large tables");
  if (s.volume_table_bytes != std::uint64_t{s.volumes} * kVolumeRecordSize)
    return refuse_at(RefusalKind::malformed, 288, "gives a volume table of another length than its volumes need");
  if (s.manifest_bytes > kMaxManifest) return refuse_at(RefusalKind::too_large, 328, "has too large a manifest");
  return s;
}

Digest audience_of(std::string_view site) { return sha256(as_bytes(site)); }

}  // namespace patchferry
