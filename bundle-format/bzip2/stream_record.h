// SPDX-License-Identifier: Apache-2.0
// Writes down one stream after the other, block by block: briefly where libbz2 made a whole stream, else with what
// each block needs.
#pragma once

#include <cstdint>

#include "bundle-format/bzip2/block_task.h"

namespace patchferry::bzip2 {

class StreamRecord {
 public:
  explicit StreamRecord(const Fd& file) : file_(file) {}

  void begin(unsigned level);
  void block(const BlockTask& task);
  /// `padding`: the bits behind the stream's end, up to the next whole byte.
  void end(unsigned padding);
  void literal(ByteSpan bytes);

  /// What follows is libbz2's, unless it shows otherwise.
  bool trusts_libbz2() const { return decided_ && usual_ == BlockKind::libbz2; }
  /// The file goes on with literal bytes, too many to keep.
  void give_up() { packing_.give_up(); }
  void count_literal(std::uint64_t bytes) { packing_.count_literal(bytes); }
  Bytes packing() const { return packing_.encoded(); }
  std::uint64_t literal_bytes() const { return packing_.literal_bytes(); }

 private:
  BlockKind kind_of(const BlockTask& task);
  void keep_bits(const BlockTask& task, BlockRow row);

  const Fd& file_;
  PackingWriter packing_;
  bool decided_ = false;
  BlockKind usual_ = BlockKind::libbz2;  // of blocks that were not looked at
  unsigned level_ = 0;
  bool brief_ = true;     // so far, the stream is one that libbz2 makes
  bool at_once_ = false;  // and only if it ends here
  std::uint64_t plain_ = 0;
  std::uint64_t count_ = 0;
  Bytes blocks_;
  BlockEdges edges_{1};  // of the block before
};

}  // namespace patchferry::bzip2
