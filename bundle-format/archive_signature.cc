// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive_signature.h"

#include <algorithm>
#include <cassert>

#include "bundle-format/patchset_name.h"

namespace patchferry {

namespace {

constexpr std::string_view kMagic = "PFARCHIV";
constexpr std::size_t kNameSize = 64;  // an archive's name has at most 39 characters

tl::unexpected<Refusal> refuse_at(RefusalKind kind, std::size_t offset, const char* text) {
  auto refusal =
      refuse(kind, std::string("the archive's signature ") + text,
             kind == RefusalKind::unknown_format ? "update patchferry on this side" : "bring a fresh copy of the .sig file");
  refusal.value().offset = offset;
  return refusal;
}

}  // namespace

std::array<std::byte, kStatementSize> encode_archive_statement(const ArchiveStatement& s) {
  assert(parse_archive_name(s.file).has_value() && s.file.size() < kNameSize);
  ByteWriter w;
  w.raw(as_bytes(kMagic));             //   0
  w.u16(kArchiveSignatureVersion);     //   8
  w.u16(0);                            //  10 reserved
  w.u32(0);                            //  12 critical flags
  w.raw(s.trust_domain);               //  16
  w.u32(s.root_version);               //  48
  w.u32(0);                            //  52 reserved
  w.raw(s.archive);                    //  56
  w.u64(s.bytes);                      //  88
  w.u64(s.created);                    //  96
  w.raw(as_bytes(s.file));             // 104
  w.zeros(kStatementSize - w.size());  // rest of the name; 168, reserved
  const Bytes bytes = w.take();
  std::array<std::byte, kStatementSize> out{};
  std::memcpy(out.data(), bytes.data(), out.size());
  return out;
}

Result<ArchiveStatement> decode_archive_statement(ByteSpan bytes) {
  if (bytes.size() != kStatementSize) return refuse_at(RefusalKind::malformed, bytes.size(), "does not say what was signed");
  ByteReader r(bytes);
  if (as_text(r.raw(8)) != kMagic) return refuse_at(RefusalKind::malformed, 0, "does not begin with its magic");
  if (r.u16() != kArchiveSignatureVersion)
    return refuse_at(RefusalKind::unknown_format, 8, "is of a format version that this program does not know");
  if (r.u16() != 0) return refuse_at(RefusalKind::malformed, 10, "has something in its reserved bytes");
  if (r.u32() != 0) return refuse_at(RefusalKind::unknown_format, 12, "has critical flags that this program does not know");
  ArchiveStatement s;
  s.trust_domain = r.array<32>();
  s.root_version = r.u32();
  if (r.u32() != 0) return refuse_at(RefusalKind::malformed, 52, "has something in its reserved bytes");
  s.archive = r.array<32>();
  s.bytes = r.u64();
  s.created = r.u64();
  const std::string_view name = as_text(r.raw(kNameSize));
  s.file = name.substr(0, name.find('\0'));
  if (name.find_first_not_of('\0', s.file.size()) != std::string_view::npos)
    return refuse_at(RefusalKind::malformed, 104, "has something behind the archive's name");
  if (!r.zeros(r.left())) return refuse_at(RefusalKind::malformed, 168, "has something in its reserved bytes");
  if (s.root_version == 0) return refuse_at(RefusalKind::malformed, 48, "has root version 0");
  if (s.bytes == 0) return refuse_at(RefusalKind::malformed, 88, "is for an empty archive");
  if (s.bytes > kMaxArchive) return refuse_at(RefusalKind::too_large, 88, "is for an impossibly large archive");
  if (s.created > kLatestCreated) return refuse_at(RefusalKind::malformed, 96, "was made after the year 2200");
  if (!parse_archive_name(s.file)) return refuse_at(RefusalKind::malformed, 104, "gives a name that no archive has");
  return s;
}

Bytes encode_archive_signature(const ArchiveSignature& signature) {
  ByteWriter w;
  w.raw(encode_archive_statement(signature.statement));
  w.raw(encode_envelope(signature.envelope));
  return w.take();
}

Result<ArchiveSignature> decode_archive_signature(ByteSpan bytes) {
  const std::size_t size = std::min(bytes.size(), kStatementSize);
  auto statement = decode_archive_statement(bytes.first(size));
  if (!statement) return tl::unexpected(std::move(statement.error()));
  auto envelope = decode_envelope(bytes.subspan(size));
  if (!envelope) return tl::unexpected(std::move(envelope.error()));
  return ArchiveSignature{std::move(*statement), std::move(*envelope)};
}

}  // namespace patchferry
