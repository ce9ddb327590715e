// SPDX-License-Identifier: Apache-2.0
// What an encoder of bzip2 chooses: how many Huffman tables, which of them for which 50 symbols, and the lengths of their
// codes. These bits stand in one piece behind a block's list of used bytes, and are kept as they are.
#pragma once

#include <cstdint>
#include <optional>

#include "bundle-format/bzip2/bits.h"
#include "bundle-format/bzip2/symbols.h"

namespace patchferry::bzip2 {

/// No encoder needs so much; the format would let code lengths go up and down forever.
constexpr std::uint64_t kMaxChoiceBits = 1 << 18;

struct Choice {
  Bytes bytes;  // filled up with zero bits
  std::uint64_t bits = 0;
};

/// The choice in a block whose bits begin at the first bit of `block` (its beginning is enough). nullopt: randomised, damaged, or too long.
std::optional<Choice> choice_of(ByteSpan block);

/// The block of these symbols. nullopt if the choice does not fit them.
std::optional<BlockBits> build_block(const Choice& choice, const Symbols& symbols, std::uint32_t crc);

}  // namespace patchferry::bzip2
