// SPDX-License-Identifier: Apache-2.0
// The statement: the 512 signed bytes that a bundle hangs from (SPEC.md "Statement").
//
// Every field has a fixed offset, unused bytes are zero, and decode accepts precisely what encode writes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "bundle-format/hash.h"
#include "bundle-format/secrecy.h"
#include "system/bytes.h"
#include "system/refusal.h"

namespace patchferry {

constexpr std::size_t kStatementSize = 512;
constexpr std::uint16_t kFormatVersion = 1;

// Ceilings that stand beside the decoder; a writer refuses to go beyond them.
constexpr std::uint32_t kMaxVolumes = 9999;
constexpr unsigned kMinBlockLog2 = 12;
constexpr unsigned kMaxBlockLog2 = 24;
constexpr std::uint64_t kMaxPayload = 1ULL << 50;
/// The year 2200: no clock of ours is right that says more, and what is signed moves the floor of a site's.
constexpr std::uint64_t kLatestCreated = 7'258'118'400;
constexpr std::uint32_t kMaxPatchsets = 100'000;
constexpr std::uint64_t kMaxManifest = 8ULL << 20;
constexpr std::uint64_t kMaxTables = 96ULL << 20;  // an importer holds them in memory

using Id16 = std::array<std::byte, 16>;
struct BundleId {
  Id16 bytes{};
  bool operator==(const BundleId&) const = default;
};
struct StreamId {
  Id16 bytes{};
  bool operator==(const StreamId&) const = default;
};

struct Statement {
  Digest trust_domain{};           // SHA-256 of root document 1
  Digest audience{};               // SHA-256 of the site's name
  StreamId stream{};               // the store that made it
  std::uint32_t epoch = 1;         // of the root document in force
  std::uint32_t root_version = 1;  // of the root document in force; the last one of the chain
  std::uint64_t sequence = 0;      // 1, 2, … per stream and site
  Digest previous{};               // SHA-256 of the statement before in this stream for this site; zero: none known
  Digest state_before{};           // what this bundle was built against (zero: full); advisory
  Digest state_after{};            // what the site has afterwards; advisory
  std::uint64_t created = 0;       // seconds since 1970
  std::uint64_t expires = 0;       // seconds since 1970; 0: never
  BundleId bundle{};               // random
  std::uint32_t volumes = 1;
  unsigned block_log2 = 20;          // payload block size is 2^n bytes
  std::uint64_t payload_bytes = 0;   // of all volumes
  std::uint64_t expanded_bytes = 0;  // hard ceiling for everything that unpacking may produce
  std::uint32_t patchsets = 0;       // that the manifest brings
  std::uint32_t withdrawn = 0;       // that the manifest revokes
  std::uint64_t objects = 0;         // records of the object table
  std::uint64_t table_bytes = 0;     // length of the tables together
  std::uint64_t volume_table_bytes = 0;
  Digest volume_table_hash{};
  std::uint64_t manifest_bytes = 0;
  Digest manifest_hash{};
  Digest tables_hash{};  // of the tables together
  /// Present: manifest, tables and payload are encrypted under the key in it; lengths and hashes are of what is
  /// encrypted, and the counts above (patchsets, withdrawn, objects) are left at 0.
  std::optional<SealedKey> sealed_key;

  bool is_encrypted() const { return sealed_key.has_value(); }
  std::size_t block_bytes() const { return std::size_t{1} << block_log2; }
  /// Of the tables once they are readable.
  std::uint64_t plain_table_bytes() const { return is_encrypted() ? decrypted_bytes(table_bytes, block_bytes()) : table_bytes; }

  bool operator==(const Statement&) const = default;
};

std::array<std::byte, kStatementSize> encode_statement(const Statement& statement);

/// Reads a bundle's statement. `bytes` is exactly kStatementSize long and already authenticated. Accepts precisely
/// what encode_statement() writes; anything else is malformed, unknown_format or too_large, with the offset.
Result<Statement> decode_statement(ByteSpan bytes);

/// SHA-256 of a site's name.
Digest audience_of(std::string_view site);

}  // namespace patchferry
