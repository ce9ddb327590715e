// SPDX-License-Identifier: Apache-2.0
// One block made by a worker thread of the plain bytes that are pushed to it.
#pragma once

#include <optional>

#include "bundle-format/bzip2/bits.h"
#include "bundle-format/bzip2/packing_code.h"
#include "system/ordered_work.h"

namespace patchferry::bzip2 {

struct BlockOrder {
  BlockOrder(unsigned level_, const BlockRow& row_) : level(level_), row(row_) {}

  const unsigned level;
  const BlockRow row;  // its bits are borrowed
  PartQueue plain{1 << 20};
  PartQueue done{1};  // no parts: closed when `block` is there

  std::optional<BlockBits> block;  // none: the plain bytes do not fit the row
};

/// Does what is ordered. Ends with done.close() or done.fail().
void make_block(BlockOrder& order) noexcept;

}  // namespace patchferry::bzip2
