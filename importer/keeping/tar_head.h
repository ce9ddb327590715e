// SPDX-License-Identifier: Apache-2.0
// The head of one member of a backup: 512 bytes of POSIX tar, of which any tar can make sense.
//
// One head per name and size, and nothing else is taken: so a flipped bit in a head is noticed as surely as one in a hashed
// body. (A library would write heads of its own choice, and next year's version others.)
#pragma once

#include <cstdint>
#include <string>

#include "system/bytes.h"
#include "system/refusal.h"

namespace patchferry::importer::keeping {

constexpr std::size_t kTarBlock = 512;
constexpr std::size_t kMaxTarName = 100;
constexpr std::uint64_t kMaxMember = 1ULL << 40;

struct TarHead {
  std::string name;  // at most kMaxTarName bytes
  std::uint64_t bytes = 0;
};

/// Mode 0600, no owner, no time. A size that octal digits cannot tell (8 GiB) is written as GNU tar does.
std::array<std::byte, kTarBlock> encode_tar_head(const TarHead& head);

/// Of exactly kTarBlock bytes; accepts what encode_tar_head() writes. Refused: damaged (its sum does not fit), not_regular,
/// too_large, malformed. The name may be any: whoever reads it judges it.
Result<TarHead> decode_tar_head(ByteSpan block);

/// How many zeros follow a body.
inline std::size_t tar_padding(std::uint64_t bytes) {
  return static_cast<std::size_t>((kTarBlock - bytes % kTarBlock) % kTarBlock);
}

}  // namespace patchferry::importer::keeping
