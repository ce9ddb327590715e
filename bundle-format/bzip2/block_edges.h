// SPDX-License-Identifier: Apache-2.0
// Where libbz2 ends a block. Its first pass makes 5 bytes of a run of 4 to 255 equal bytes; a block is full when the runs
// that are complete make at least level * 100,000 - 19 bytes as a further byte comes. A run is complete when another byte
// follows, or its 256th; the byte that completes it already belongs to the next block.
#pragma once

#include <cstddef>
#include <cstdint>

#include "system/bytes.h"

namespace patchferry::bzip2 {

class BlockEdges {
 public:
  explicit BlockEdges(unsigned level) : full_(level * 100'000 - 19) {}

  /// How many of `plain` still belong to this block. Fewer than all: the block ends there, and the byte behind it
  /// (which must be given again) begins the next one, after restart().
  std::size_t take(ByteSpan plain);
  void restart() {
    made_ = 0;
    run_ = 0;
  }
  /// The block would end here, if `next` were the next byte.
  bool ends_before(std::byte next) const {
    return run_ > 0 && (next != last_ || run_ == kMaxRun) && made_ + made_of(run_) >= full_;
  }

 private:
  static constexpr unsigned kMaxRun = 255;
  static unsigned made_of(unsigned run) { return run < 4 ? run : 5; }

  unsigned full_;
  unsigned made_ = 0;  // bytes that the complete runs make
  unsigned run_ = 0;   // length of the run that is not complete; 0 at a block's beginning only
  std::byte last_{};
};

}  // namespace patchferry::bzip2
