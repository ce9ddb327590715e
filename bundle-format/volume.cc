// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/volume.h"

#include <fmt/format.h>

namespace patchferry {

namespace {
constexpr std::string_view kMagic = "PFVOLUME";
}

Bytes encode_preamble(const Preamble& p) {
  ByteWriter w;
  w.raw(as_bytes(kMagic));
  w.u16(kFormatVersion);
  w.u16(0);
  w.u32(p.volume);
  w.u32(p.envelope_bytes);
  w.u32(p.root_chain_bytes);
  w.u32(p.volume_table_bytes);
  w.u32(p.leaves_bytes);
  return w.take();
}

Result<Preamble> decode_preamble(ByteSpan bytes) {
  if (bytes.size() != kPreambleSize) return refuse(RefusalKind::cut, "the volume is shorter than its preamble");
  ByteReader r(bytes);
  if (as_text(r.raw(8)) != kMagic)
    return refuse(RefusalKind::malformed, "this is not a Patchferry volume (it does not begin with PFVOLUME)",
                  "give the folder that the exporter wrote");
  if (r.u16() != kFormatVersion)
    return refuse(RefusalKind::unknown_format, "the volume is of a format version that this program does not know",
                  "update patchferry on this side");
  if (r.u16() != 0) return refuse(RefusalKind::malformed, "the preamble has something in its reserved bytes");
  Preamble p;
  p.volume = r.u32();
  p.envelope_bytes = r.u32();
  p.root_chain_bytes = r.u32();
  p.volume_table_bytes = r.u32();
  p.leaves_bytes = r.u32();
  if (p.volume == 0 || p.volume > kMaxVolumes)
    return refuse(RefusalKind::malformed, "the preamble gives an impossible volume number");
  if (p.envelope_bytes < kEnvelopeHeader || p.envelope_bytes > kMaxEnvelope || p.root_chain_bytes > kMaxRootChainBytes ||
      p.volume_table_bytes == 0 || p.volume_table_bytes > kMaxVolumes * kVolumeRecordSize || p.leaves_bytes > kMaxLeaves ||
      p.leaves_bytes % 32 != 0)
    return refuse(RefusalKind::malformed, "the preamble gives impossible lengths");
  return p;
}

Bytes encode_volume_table(const std::vector<VolumeRecord>& table, unsigned block_log2) {
  ByteWriter w;
  std::uint32_t volume = 0;
  for (const auto& record : table) {
    w.u32(++volume);
    w.u32(static_cast<std::uint32_t>(blocks_of(record.payload_bytes, block_log2)));
    w.u64(record.payload_offset);
    w.u64(record.payload_bytes);
    w.raw(record.leaves_hash);
    w.zeros(8);
  }
  return w.take();
}

Result<std::vector<VolumeRecord>> decode_volume_table(ByteSpan bytes, const Statement& statement) {
  const auto malformed = [](const char* why) { return refuse(RefusalKind::malformed, std::string("the volume table ") + why); };
  if (bytes.size() != std::uint64_t{statement.volumes} * kVolumeRecordSize) return malformed("is of the wrong length");
  std::vector<VolumeRecord> table;
  ByteReader r(bytes);
  std::uint64_t offset = 0;
  for (std::uint32_t volume = 1; volume <= statement.volumes; ++volume) {
    VolumeRecord record;
    const std::uint32_t number = r.u32();
    const std::uint64_t blocks = r.u32();
    record.payload_offset = r.u64();
    record.payload_bytes = r.u64();
    record.leaves_hash = r.array<32>();
    if (!r.zeros(8)) return malformed("has something in its reserved bytes");
    if (number != volume) return malformed("does not list its volumes in order");
    if (record.payload_offset != offset || record.payload_bytes > statement.payload_bytes - offset)
      return malformed("does not add up");
    if (blocks != blocks_of(record.payload_bytes, statement.block_log2) || blocks * 32 > kMaxLeaves)
      return malformed("gives an impossible number of blocks");
    if (statement.is_encrypted() && !is_encrypted_length(record.payload_bytes, statement.block_bytes()))
      return malformed("gives a length that nothing encrypted has");
    offset += record.payload_bytes;
    table.push_back(record);
  }
  if (offset != statement.payload_bytes) return malformed("does not add up to the payload");
  return table;
}

std::uint64_t plain_payload_bytes(const std::vector<VolumeRecord>& table, const Statement& statement) {
  return plain_payload_offset(table, statement, static_cast<std::uint32_t>(table.size() + 1));
}

std::uint64_t plain_payload_offset(const std::vector<VolumeRecord>& table, const Statement& statement, std::uint32_t volume) {
  std::uint64_t bytes = 0;
  for (std::uint32_t before = 1; before < volume; ++before) {
    const std::uint64_t sealed = table[before - 1].payload_bytes;
    bytes += statement.is_encrypted() ? decrypted_bytes(sealed, statement.block_bytes()) : sealed;
  }
  return bytes;
}

Digest hash_leaves(const BundleId& bundle, std::uint32_t volume, ByteSpan leaves) {
  ByteWriter head;
  head.raw(as_bytes("PFLEAVES"));
  head.raw(bundle.bytes);
  head.u32(volume);
  Hasher hasher;
  hasher.add(head.take());
  hasher.add(leaves);
  return hasher.finish();
}

std::string volume_file_name(const BundleId& bundle, std::uint32_t volume) {
  return fmt::format("{}.{:04}.pfv", to_hex(bundle.bytes), volume);
}

std::uint64_t volume_file_bytes(const Preamble& preamble, const Statement& statement, const VolumeRecord& record) {
  std::uint64_t bytes = preamble.metadata_bytes() + record.payload_bytes;
  if (carries_manifest(preamble.volume, statement.volumes)) bytes += statement.manifest_bytes + statement.table_bytes;
  return bytes;
}

}  // namespace patchferry
