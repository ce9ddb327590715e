// SPDX-License-Identifier: Apache-2.0
// What bzip2's format leaves no choice about: from a block's plain bytes to the row of symbols that are then coded.
//   plain -> FirstPass (runs) -> symbols_of (sorted rotations, move to front, runs of zeros)
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "system/bytes.h"

namespace patchferry::bzip2 {

constexpr std::size_t kMaxBlock = 900'000;  // bytes that a first pass may make, at level 9
/// Longest run that a first pass takes together: libbz2 stops at 255, lbzip2 and 7-Zip go as far as the format allows.
constexpr unsigned kShortRuns = 255;
constexpr unsigned kLongRuns = 259;

/// The first pass: runs of 4 to `longest` equal bytes become four of them and the number of the others.
class FirstPass {
 public:
  explicit FirstPass(unsigned longest) : longest_(longest) {}
  void add(ByteSpan plain);
  /// nullopt: more than a block takes, or nothing.
  std::optional<Bytes> finish();

 private:
  void end_run();
  const unsigned longest_;
  Bytes out_;
  std::byte last_{};
  unsigned run_ = 0;
  bool too_many_ = false;
};

struct Symbols {
  std::array<bool, 256> used{};
  std::uint32_t origin = 0;            // where the block itself is among its sorted rotations
  unsigned alphabet = 0;               // number of different symbols: two for runs, used bytes - 1, and the end
  std::vector<std::uint16_t> symbols;  // the end included
};

/// nullopt for a block that is a shorter one repeated: its rotations are not all different.
std::optional<Symbols> symbols_of(ByteSpan block);

/// bzip2's CRC-32: the highest bit first.
class BlockCrc {
 public:
  void add(ByteSpan bytes);
  std::uint32_t value() const { return ~state_; }

 private:
  std::uint32_t state_ = 0xffffffffU;
};

}  // namespace patchferry::bzip2
