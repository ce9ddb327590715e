// SPDX-License-Identifier: Apache-2.0
// A volume of a trusted signer who has gone mad: whatever the input's statement, tables and manifest say, the hashes that bind them
// are made anew here and signed, so that the fuzzer gets past the signature and at all that stands behind it.
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

#include "bundle-format/tables.h"
#include "bundle-format/write/signing_key.h"
#include "verifier/verify.h"

namespace patchferry {

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

const SigningKey& signer() {
  static const SigningKey kSigner = SigningKey::from_seed({std::byte{1}});
  return kSigner;
}

const Bytes& root_chain() {
  static const Bytes kChain = [] {
    const Bytes document = encode_root(single_key_root(signer().public_key()));
    return encode_root_chain({{document, sign_with({&signer()}, DocumentType::root, document)}});
  }();
  return kChain;
}

const Digest& domain() {
  static const Digest kDomain = domain_of(single_key_root(signer().public_key()));
  return kDomain;
}

// The parts of a volume, in their order; what an input lacks is empty.
struct Parts {
  Preamble preamble;
  Bytes statement, table, leaves, body;
};

std::optional<Parts> parts_of(ByteSpan bytes) {
  const auto preamble = decode_preamble(bytes.first(std::min(bytes.size(), kPreambleSize)));
  if (!preamble || preamble->metadata_bytes() > bytes.size()) return std::nullopt;
  ByteReader r(bytes.subspan(kPreambleSize + preamble->envelope_bytes));
  const auto take = [&](std::size_t size) {
    const ByteSpan part = r.raw(size);
    return Bytes(part.begin(), part.end());
  };
  Parts out{*preamble, take(kStatementSize), {}, {}, {}};
  r.raw(preamble->root_chain_bytes);
  out.table = take(preamble->volume_table_bytes);
  out.leaves = take(preamble->leaves_bytes);
  out.body = take(r.left());
  return out;
}

// A part of the body, as far as it is there.
ByteSpan part(const Bytes& body, std::uint64_t offset, std::uint64_t bytes) {
  if (offset > body.size()) return {};
  return ByteSpan(body).subspan(static_cast<std::size_t>(offset),
                                static_cast<std::size_t>(std::min<std::uint64_t>(bytes, body.size() - offset)));
}

void mend(Parts& parts) {
  auto statement = decode_statement(parts.statement);
  if (!statement) return;  // then that is what is tried
  Statement& s = *statement;
  s.trust_domain = domain();
  s.epoch = s.root_version = 1;
  s.manifest_hash = sha256(part(parts.body, 0, s.manifest_bytes));
  s.tables_hash = sha256(part(parts.body, s.manifest_bytes, s.table_bytes));
  const std::uint64_t payload = carries_manifest(parts.preamble.volume, s.volumes) ? s.manifest_bytes + s.table_bytes : 0;
  for (std::size_t leaf = 0; leaf < parts.leaves.size() / 32; ++leaf) {
    const Digest hash = sha256(part(parts.body, payload + leaf * s.block_bytes(), s.block_bytes()));
    std::copy(hash.begin(), hash.end(), parts.leaves.begin() + static_cast<std::ptrdiff_t>(leaf * 32));
  }
  const std::size_t record = (parts.preamble.volume - 1) * kVolumeRecordSize;
  if (record + kVolumeRecordSize <= parts.table.size()) {
    const Digest hash = hash_leaves(s.bundle, parts.preamble.volume, parts.leaves);
    std::copy(hash.begin(), hash.end(), parts.table.begin() + static_cast<std::ptrdiff_t>(record + 24));
  }
  s.volume_table_bytes = parts.table.size();
  s.volume_table_hash = sha256(parts.table);
  const auto encoded = encode_statement(s);
  parts.statement.assign(encoded.begin(), encoded.end());
}

Medium medium_of(Parts& parts) {
  const Bytes envelope = encode_envelope(sign_with({&signer()}, DocumentType::bundle, parts.statement));
  parts.preamble.envelope_bytes = static_cast<std::uint32_t>(envelope.size());
  parts.preamble.root_chain_bytes = static_cast<std::uint32_t>(root_chain().size());
  Medium medium;
  Fd file(::memfd_create("volume", MFD_CLOEXEC), "volume");
  for (const Bytes& bytes :
       {encode_preamble(parts.preamble), envelope, parts.statement, root_chain(), parts.table, parts.leaves, parts.body})
    write_all(file, bytes);
  ::lseek(file.get(), 0, SEEK_SET);
  medium.volumes.push_back({std::move(file), true});
  return medium;
}

class TablesSink : public BodySink {
 public:
  void tables_part(ByteSpan part) override { bytes.insert(bytes.end(), part.begin(), part.end()); }
  void tables_good() override { good = true; }
  void block(std::uint32_t, std::uint64_t, ByteSpan part) override { payload += part.size(); }

  Bytes bytes;
  bool good = false;
  std::uint64_t payload = 0;
};

void read(Parts parts) {
  static const Judge kJudge{TrustAnchors{{{domain(), 1, domain()}}}, nullptr};
  mend(parts);
  Findings findings;
  auto bundle = examine(medium_of(parts), kJudge, findings);
  require(bundle || !findings.empty());
  if (!bundle) return;
  TablesSink sink;
  const bool good = read_bodies(*bundle, sink, findings);
  require(sink.payload <= parts.body.size() && (!sink.good || sink.bytes.size() == bundle->statement().table_bytes));
  if (!good || !findings.empty() || !bundle->manifest() || !sink.good) return;
  const Manifest& m = *bundle->manifest();
  require(m.objects_bytes + m.recipes_bytes + m.packs_bytes + m.bases_bytes == sink.bytes.size());
  const ByteSpan all = sink.bytes;
  const TableBytes tables{all.first(m.objects_bytes), all.subspan(m.objects_bytes, m.recipes_bytes),
                          all.subspan(m.objects_bytes + m.recipes_bytes, m.packs_bytes), all.last(m.bases_bytes)};
  (void)decode_tables(tables, bundle->statement().payload_bytes, bundle->statement().expanded_bytes);
}

}  // namespace

}  // namespace patchferry

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  if (auto parts = parts_of(std::as_bytes(std::span(data, size)))) read(std::move(*parts));
  return 0;
}
