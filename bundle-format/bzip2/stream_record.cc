// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/bzip2/stream_record.h"

namespace patchferry::bzip2 {

void StreamRecord::begin(unsigned level) {
  level_ = level;
  brief_ = true;
  at_once_ = false;
  plain_ = 0;
  count_ = 0;
  blocks_.clear();
}

BlockKind StreamRecord::kind_of(const BlockTask& task) {
  if (task.made) {
    if (count_ == 0 || !decided_) usual_ = *task.made;
    decided_ = true;
    return *task.made;
  }
  if (usual_ == BlockKind::as_it_was || !task.choice) return BlockKind::as_it_was;
  // libbz2 would have made two blocks of it.
  if (usual_ == BlockKind::libbz2 && task.edge_inside && *task.edge_inside + 1 != task.plain_bytes) return BlockKind::long_runs;
  return usual_;
}

void StreamRecord::keep_bits(const BlockTask& task, BlockRow row) {
  row.bit_count = task.end_bit - task.start - kMagicBits;
  if (row.bit_count > kMaxBlockBits) return packing_.give_up();
  Bytes bits = read_bits(file_, task.start + kMagicBits, static_cast<std::size_t>((row.bit_count + 7) / 8));
  const auto unused = static_cast<unsigned>((8 - row.bit_count % 8) % 8);
  bits.back() &= static_cast<std::byte>((0xffU << unused) & 0xff);
  row.bits = bits;
  packing_.count_literal(bits.size());
  PackingWriter::add_block(blocks_, row);
}

void StreamRecord::block(const BlockTask& task) {
  const BlockKind kind = kind_of(task);
  if (count_ > 0 && (at_once_ || !edges_.ends_before(task.first))) brief_ = false;
  if (kind != BlockKind::libbz2) brief_ = false;
  at_once_ = task.edge_inside && *task.edge_inside + 1 == task.plain_bytes;
  if (task.edge_inside && !at_once_) brief_ = false;
  edges_ = task.edges;
  plain_ += task.plain_bytes;
  ++count_;

  if (packing_.too_large()) return;
  BlockRow row{.kind = kind, .plain = task.plain_bytes};
  if (kind == BlockKind::as_it_was) {
    keep_bits(task, row);
  } else {
    if (kind != BlockKind::libbz2) {
      row.bits = task.choice->bytes;
      row.bit_count = task.choice->bits;
    }
    PackingWriter::add_block(blocks_, row);
  }
  if (blocks_.size() > kMaxPackingBytes) {
    packing_.give_up();
    blocks_ = Bytes();
  }
}

void StreamRecord::end(unsigned padding) {
  if (packing_.too_large()) return;
  if (brief_ && padding == 0)
    packing_.libbz2_stream(level_, at_once_, plain_);
  else
    packing_.other_stream(level_, count_, blocks_, padding);
}

void StreamRecord::literal(ByteSpan bytes) {
  packing_.count_literal(bytes.size());
  packing_.literal(bytes);
}

}  // namespace patchferry::bzip2
