// SPDX-License-Identifier: Apache-2.0
// One file of a bundle: preamble, volume table, leaves (SPEC.md "Volumes").
//
//   preamble | envelope | statement | root chain | volume table | leaves | manifest, tables (first and last) | payload
//
// All up to and including the leaves is the metadata region, at most kMaxMetadata bytes, read once into memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundle-format/envelope.h"
#include "bundle-format/root_document.h"
#include "bundle-format/statement.h"

namespace patchferry {

constexpr std::size_t kPreambleSize = 32;
constexpr std::size_t kVolumeRecordSize = 64;
constexpr std::uint64_t kMaxLeaves = 2ULL << 20;  // bytes in one volume, 32 a block
constexpr std::uint64_t kMaxMetadata = 5ULL << 20;
static_assert(kPreambleSize + kMaxEnvelope + kStatementSize + kMaxRootChainBytes + kMaxVolumes * kVolumeRecordSize + kMaxLeaves <=
              kMaxMetadata);

/// The only bytes that are read before the signature has been checked, with the envelope that they measure.
struct Preamble {
  std::uint32_t volume = 1;  // 1 … volumes
  std::uint32_t envelope_bytes = 0;
  std::uint32_t root_chain_bytes = 0;
  std::uint32_t volume_table_bytes = 0;
  std::uint32_t leaves_bytes = 0;

  std::uint64_t metadata_bytes() const {
    return kPreambleSize + std::uint64_t{envelope_bytes} + kStatementSize + root_chain_bytes + volume_table_bytes + leaves_bytes;
  }
  bool operator==(const Preamble&) const = default;
};

Bytes encode_preamble(const Preamble& preamble);
Result<Preamble> decode_preamble(ByteSpan bytes);

struct VolumeRecord {
  std::uint64_t payload_offset = 0;  // in the bundle's payload
  std::uint64_t payload_bytes = 0;
  Digest leaves_hash{};  // of hash_leaves()
  bool operator==(const VolumeRecord&) const = default;
};

/// The table lists volumes 1…n in order; blocks follow from payload bytes and block size.
Bytes encode_volume_table(const std::vector<VolumeRecord>& table, unsigned block_log2);
/// `bytes` has been authenticated. Offsets are gapless and add up to the statement's payload.
Result<std::vector<VolumeRecord>> decode_volume_table(ByteSpan bytes, const Statement& statement);

constexpr std::uint64_t blocks_of(std::uint64_t bytes, unsigned block_log2) {
  return (bytes >> block_log2) + ((bytes & ((1ULL << block_log2) - 1)) != 0 ? 1 : 0);
}

/// Where the packs' bytes of `volume` begin once the payload is readable; all of them. In a bundle that is not encrypted
/// these are payload_offset and payload_bytes.
std::uint64_t plain_payload_offset(const std::vector<VolumeRecord>& table, const Statement& statement, std::uint32_t volume);
std::uint64_t plain_payload_bytes(const std::vector<VolumeRecord>& table, const Statement& statement);

/// Binds a volume's leaves to bundle and place: SHA-256("PFLEAVES" ‖ bundle id ‖ volume u32 ‖ leaves).
Digest hash_leaves(const BundleId& bundle, std::uint32_t volume, ByteSpan leaves);

/// The first and the last volume carry manifest and tables.
constexpr bool carries_manifest(std::uint32_t volume, std::uint32_t volumes) { return volume == 1 || volume == volumes; }

/// "<bundle id>.0001.pfv"
std::string volume_file_name(const BundleId& bundle, std::uint32_t volume);

/// The exact size of a volume's file.
std::uint64_t volume_file_bytes(const Preamble& preamble, const Statement& statement, const VolumeRecord& record);

}  // namespace patchferry
