// SPDX-License-Identifier: Apache-2.0
// One block through libbz2, each way. Memory: 7.6 MB to make a block, 3.6 MB to read one, less at lower levels.
#pragma once

#include <bzlib.h>
#include <cstdint>
#include <optional>

#include "bundle-format/bzip2/bits.h"

namespace patchferry::bzip2 {

/// Makes the block that libbz2 makes of these plain bytes, which must be one by its rules (block_edges.h).
class BlockMaker {
 public:
  explicit BlockMaker(unsigned level);
  ~BlockMaker();
  BlockMaker(const BlockMaker&) = delete;
  BlockMaker& operator=(const BlockMaker&) = delete;

  void add(ByteSpan plain);
  /// Without stream header and trailer; nullopt if there was no byte. Two blocks come out as one row of bits.
  std::optional<BlockBits> finish();

 private:
  void run(ByteSpan plain, int action);
  bz_stream stream_{};
  std::optional<std::byte> held_;  // the last byte so far: it goes in as the stream is finished
  Bytes out_;
};

/// Takes the blocks of a stream apart, as far as it gets.
class BlockReader {
 public:
  explicit BlockReader(unsigned level);
  ~BlockReader();
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;

  /// Reads bits of a block until it is whole, and makes nothing of it yet. Returns how many bytes it took: fewer than
  /// all, or damaged() afterwards, says that there is no use in more.
  std::size_t look(ByteSpan bits);
  /// Fills `out` from the block that is whole; with `more` bits, goes on into what is behind the block.
  std::size_t make(ByteSpan& more, std::span<std::byte> out);
  bool damaged() const { return damaged_; }

 private:
  int step(ByteSpan& in, std::span<std::byte> out);
  bz_stream stream_{};
  bool damaged_ = false;
};

}  // namespace patchferry::bzip2
