// SPDX-License-Identifier: Apache-2.0
// Finds where blocks may begin: the 48 bits of a block's magic, at any bit. Some finds are none, as the bits of a block
// can be anything. Memory: one window.
#pragma once

#include <cstdint>
#include <optional>

#include "bundle-format/bzip2/bits.h"

namespace patchferry::bzip2 {

class BlockScan {
 public:
  /// `file` outlives it. Finds begin at bit `from` or behind.
  BlockScan(const Fd& file, std::uint64_t from) : file_(file), byte_(from / 8), from_(from) {}
  /// The next find that begins before byte `limit`; nullopt if there is none yet.
  std::optional<std::uint64_t> next(std::uint64_t limit);

 private:
  bool fill();
  const Fd& file_;
  std::uint64_t byte_;  // where to look on
  std::uint64_t from_;
  Bytes window_;
  std::uint64_t window_at_ = 0;
};

}  // namespace patchferry::bzip2
