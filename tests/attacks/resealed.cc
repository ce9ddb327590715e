// SPDX-License-Identifier: Apache-2.0
#include "tests/attacks/resealed.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "bundle-format/envelope.h"
#include "tests/scenario/refused.h"

namespace patchferry::test {

namespace {

constexpr std::size_t kBundleId = 224, kTableBytes = 280, kVolumeTableHash = 296, kManifestBytes = 328, kManifestHash = 336,
                      kTablesHash = 368;  // in the statement
constexpr std::size_t kLeavesHash = 24;   // in a volume's record

void put_hash(Bytes& bytes, std::size_t at, const Digest& hash) {
  std::copy(hash.begin(), hash.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

std::string text_of(const Bytes& bytes) { return std::string(as_text(bytes)); }

}  // namespace

void put(Bytes& bytes, std::size_t at, std::size_t width, std::uint64_t value) {
  for (std::size_t i = 0; i < width; ++i) bytes.at(at + i) = static_cast<std::byte>(value >> (8 * i) & 0xff);
}

std::uint64_t number_at(const Bytes& bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = width; i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(bytes.at(at + i));
  return value;
}

Resealed::Resealed(const std::string& volume_bytes) {
  const auto decoded = decode_preamble(as_bytes(volume_bytes).first(kPreambleSize));
  REQUIRE(decoded);
  preamble = *decoded;
  for (const auto& region : regions_of(volume_bytes)) {
    const ByteSpan part = as_bytes(volume_bytes).subspan(region.begin, region.end - region.begin);
    const Bytes bytes(part.begin(), part.end());
    if (region.name == "statement") statement = bytes;
    if (region.name == "root chain") root_chain = bytes;
    if (region.name == "volume table") volume_table = bytes;
    if (region.name == "leaves") leaves = bytes;
    if (region.name == "manifest") manifest = text_of(bytes);
    if (region.name == "tables") tables = bytes;
    if (region.name == "payload") payload = bytes;
  }
}

void Resealed::bind() {
  BundleId id;
  std::copy_n(statement.begin() + kBundleId, id.bytes.size(), id.bytes.begin());
  put_hash(volume_table, kLeavesHash, hash_leaves(id, 1, leaves));
  put_hash(statement, kVolumeTableHash, sha256(volume_table));
  put(statement, kManifestBytes, 8, manifest.size());
  put_hash(statement, kManifestHash, sha256(as_bytes(manifest)));
  put(statement, kTableBytes, 8, tables.size());
  put_hash(statement, kTablesHash, sha256(tables));
}

std::string Resealed::sealed(const SigningKey& key) const {
  const Signature signature = key.sign(DocumentType::bundle, statement);
  const Bytes envelope = encode_envelope({{id_of(key.public_key()), Bytes(signature.begin(), signature.end())}});
  Preamble front = preamble;
  front.envelope_bytes = static_cast<std::uint32_t>(envelope.size());
  front.root_chain_bytes = static_cast<std::uint32_t>(root_chain.size());
  front.volume_table_bytes = static_cast<std::uint32_t>(volume_table.size());
  front.leaves_bytes = static_cast<std::uint32_t>(leaves.size());
  return text_of(encode_preamble(front)) + text_of(envelope) + text_of(statement) + text_of(root_chain) + text_of(volume_table) +
         text_of(leaves) + manifest + text_of(tables) + text_of(payload);
}

}  // namespace patchferry::test
