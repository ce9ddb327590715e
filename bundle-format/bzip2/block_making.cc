// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/bzip2/block_making.h"

#include "bundle-format/bzip2/choices.h"
#include "bundle-format/bzip2/libbz2.h"
#include "bundle-format/bzip2/symbols.h"

namespace patchferry::bzip2 {

namespace {

std::optional<BlockBits> by_libbz2(BlockOrder& order) {
  BlockMaker maker(order.level);
  while (const auto part = order.plain.pop()) maker.add(*part);
  if (order.plain.abandoned()) return std::nullopt;
  return maker.finish();
}

std::optional<BlockBits> by_choice(BlockOrder& order) {
  FirstPass first(order.row.kind == BlockKind::long_runs ? kLongRuns : kShortRuns);
  BlockCrc crc;
  while (const auto part = order.plain.pop()) {
    first.add(*part);
    crc.add(*part);
  }
  const auto runs = first.finish();
  if (!runs || order.plain.abandoned()) return std::nullopt;
  const auto symbols = symbols_of(*runs);
  if (!symbols) return std::nullopt;
  return build_block({Bytes(order.row.bits.begin(), order.row.bits.end()), order.row.bit_count}, *symbols, crc.value());
}

std::optional<BlockBits> as_it_was(BlockOrder& order) {
  while (order.plain.pop()) {
  }
  BitWriter out;
  out.put(kBlockMagic, kMagicBits);
  out.put_bits(order.row.bits, 0, order.row.bit_count);
  BlockBits block;
  block.count = out.bits();
  block.bytes = out.finish();
  return block;
}

}  // namespace

void make_block(BlockOrder& order) noexcept {
  try {
    switch (order.row.kind) {
      case BlockKind::libbz2: order.block = by_libbz2(order); break;
      case BlockKind::short_runs:
      case BlockKind::long_runs: order.block = by_choice(order); break;
      case BlockKind::as_it_was: order.block = as_it_was(order); break;
    }
    order.done.close();
  } catch (...) {
    order.done.fail(std::current_exception());
  }
  order.plain.abandon();
}

}  // namespace patchferry::bzip2
