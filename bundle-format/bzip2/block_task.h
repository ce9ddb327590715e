// SPDX-License-Identifier: Apache-2.0
// One block of a file, taken off by a worker thread: from the bit where it is thought to begin to the magic behind it.
#pragma once

#include <cstdint>
#include <optional>

#include "bundle-format/bzip2/bits.h"
#include "bundle-format/bzip2/block_edges.h"
#include "bundle-format/bzip2/choices.h"
#include "bundle-format/bzip2/packing_code.h"
#include "system/ordered_work.h"

namespace patchferry::bzip2 {

constexpr std::size_t kQueueBytes = 1 << 20;

struct BlockTask {
  enum class End { whole, damaged, cut };

  BlockTask(std::uint64_t start_, unsigned level_, bool check_) : start(start_), level(level_), check(check_), edges(level_) {}

  const std::uint64_t start;  // bit of the magic
  const unsigned level;
  const bool check;  // find out how the block was made
  PartQueue plain{kQueueBytes};

  // To be read once `plain` has come to its end:
  End end = End::cut;
  std::uint64_t end_bit = 0;  // of the magic behind it
  bool last_of_stream = false;
  std::uint32_t crc = 0;
  std::uint64_t plain_bytes = 0;
  std::byte first{};
  BlockEdges edges;
  std::optional<std::uint64_t> edge_inside;  // libbz2 would have ended a block there
  std::optional<Choice> choice;
  std::optional<BlockKind> made;  // set if `check`
};

/// Does the task; `file` has `size` bytes. Ends with plain.close() or plain.fail().
void take_off(const Fd& file, std::uint64_t size, BlockTask& task) noexcept;

}  // namespace patchferry::bzip2
