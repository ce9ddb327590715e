// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/bzip2/packing_code.h"

#include <fmt/format.h>

#include "bundle-format/bzip2/choices.h"

namespace patchferry::bzip2 {

namespace {

constexpr unsigned kLibbz2 = 0x10;        // + level
constexpr unsigned kLibbz2AtOnce = 0x20;  // + level
constexpr unsigned kOther = 0x30;         // + level
constexpr unsigned kLiteral = 0x40;

constexpr unsigned kMinBlockBits = 32;  // the CRC

void put_byte(Bytes& out, unsigned value) { out.push_back(static_cast<std::byte>(value)); }

// Seven bits a byte, the lowest first; all but the last byte have the highest bit set.
void put_varint(Bytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) put_byte(out, static_cast<unsigned>(value & 0x7f) | 0x80);
  put_byte(out, static_cast<unsigned>(value));
}

void put_raw(Bytes& out, ByteSpan bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

bool same_streams(const Row& a, const Row& b) {
  return a.kind == Row::Kind::libbz2_streams && b.kind == a.kind && a.level == b.level && a.at_once == b.at_once &&
         a.plain == b.plain;
}

}  // namespace

void PackingWriter::flush() {
  if (waiting_.count == 0) return;
  put_byte(out_, (waiting_.at_once ? kLibbz2AtOnce : kLibbz2) + waiting_.level);
  put_varint(out_, waiting_.plain);
  put_varint(out_, waiting_.count);
  waiting_ = {};
  check_size();
}

void PackingWriter::check_size() {
  if (out_.size() > kMaxPackingBytes) give_up();
}

void PackingWriter::give_up() {
  too_large_ = true;
  out_ = Bytes();
}

void PackingWriter::libbz2_stream(unsigned level, bool at_once, std::uint64_t plain) {
  if (too_large_) return;
  if (plain == 0 && ++empty_streams_ > kMaxEmptyStreams) return give_up();
  const Row row{.kind = Row::Kind::libbz2_streams, .level = level, .at_once = at_once, .plain = plain, .count = 1};
  if (waiting_.count > 0 && same_streams(waiting_, row)) {
    ++waiting_.count;
    return;
  }
  flush();
  waiting_ = row;
}

void PackingWriter::other_stream(unsigned level, std::uint64_t count, ByteSpan blocks, unsigned padding) {
  if (too_large_) return;
  if (count == 0 && ++empty_streams_ > kMaxEmptyStreams) return give_up();
  flush();
  put_byte(out_, kOther + level);
  put_varint(out_, count);
  put_raw(out_, blocks);
  put_byte(out_, padding);
  check_size();
}

void PackingWriter::literal(ByteSpan bytes) {
  if (too_large_) return;
  flush();
  put_byte(out_, kLiteral);
  put_varint(out_, bytes.size());
  put_raw(out_, bytes);
  check_size();
}

void PackingWriter::add_block(Bytes& blocks, const BlockRow& row) {
  put_byte(blocks, static_cast<unsigned>(row.kind));
  put_varint(blocks, row.plain);
  if (row.kind == BlockKind::libbz2) return;
  put_varint(blocks, row.bit_count);
  put_raw(blocks, row.bits);
}

Bytes PackingWriter::encoded() const {
  if (too_large_) return {};
  PackingWriter all = *this;
  all.flush();
  return std::move(all.out_);
}

tl::unexpected<Refusal> PackingReader::bad(const char* what) const {
  auto refusal = refuse(RefusalKind::malformed, fmt::format("the bzip2 packing {}", what));
  refusal.value().offset = at_;
  return refusal;
}

Result<std::uint64_t> PackingReader::varint(std::uint64_t most) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 63; shift += 7) {
    if (at_ == bytes_.size()) return bad("ends within a number");
    const auto byte = static_cast<std::uint64_t>(bytes_[at_++]);
    value |= (byte & 0x7f) << shift;
    if ((byte & 0x80) != 0) continue;
    if (byte == 0 && shift > 0) return bad("has a number that is written too long");
    if (value > most) return bad("has a number beyond its bounds");
    return value;
  }
  return bad("has a number that is written too long");
}

Result<ByteSpan> PackingReader::raw(std::uint64_t count) {
  if (count > bytes_.size() - at_) return bad("ends too early");
  const auto part = bytes_.subspan(at_, static_cast<std::size_t>(count));
  at_ += part.size();
  return part;
}

Result<void> PackingReader::count_plain(std::uint64_t plain, std::uint64_t times) {
  if (plain == 0) {
    empty_streams_ += times;
    if (empty_streams_ > kMaxEmptyStreams) return bad("has too many empty streams");
    return {};
  }
  if (times > (kMaxPlainBytes - plain_) / plain) return bad("asks for too many plain bytes");
  plain_ += plain * times;
  return {};
}

Result<std::optional<Row>> PackingReader::next() {
  if (at_ == bytes_.size()) {
    if (at_ == 0) return bad("is empty");
    return std::optional<Row>();
  }
  const bool first = at_ == 0;
  if (before_.kind == Row::Kind::literal && !first) return bad("goes on behind literal bytes");
  const auto tag = static_cast<unsigned>(bytes_[at_++]);
  Row row;
  row.level = tag & 0x0f;
  if (tag == kLiteral) {
    if (first) return bad("begins with literal bytes");
    const auto size = varint(kMaxPackingBytes);
    if (!size) return tl::unexpected(size.error());
    if (*size == 0) return bad("has no literal bytes");
    const auto bytes = raw(*size);
    if (!bytes) return tl::unexpected(bytes.error());
    row.literal = *bytes;
    before_ = row;
    return std::optional(row);
  }
  if (row.level < 1 || row.level > 9) return bad("has a row of no known kind");
  switch (tag - row.level) {
    case kLibbz2:
    case kLibbz2AtOnce: {
      row.kind = Row::Kind::libbz2_streams;
      row.at_once = tag - row.level == kLibbz2AtOnce;
      const auto plain = varint(kMaxPlainBytes);
      if (!plain) return tl::unexpected(plain.error());
      const auto count = varint(kMaxPlainBytes);
      if (!count) return tl::unexpected(count.error());
      row.plain = *plain;
      row.count = *count;
      if (row.count == 0 || (row.at_once && row.plain == 0)) return bad("has a row of nothing");
      if (!first && same_streams(before_, row)) return bad("has two rows where one would do");
      if (auto counted = count_plain(row.plain, row.count); !counted) return tl::unexpected(counted.error());
      break;
    }
    case kOther: {
      row.kind = Row::Kind::other_stream;
      const auto count = varint(kMaxPackingBytes);
      if (!count) return tl::unexpected(count.error());
      row.count = *count;
      if (row.count == 0)
        if (auto counted = count_plain(0, 1); !counted) return tl::unexpected(counted.error());
      break;
    }
    default: return bad("has a row of no known kind");
  }
  before_ = row;
  return std::optional(row);
}

Result<BlockRow> PackingReader::next_block() {
  const auto kind = raw(1);
  if (!kind) return tl::unexpected(kind.error());
  BlockRow row;
  row.kind = static_cast<BlockKind>((*kind)[0]);
  if (row.kind < BlockKind::libbz2 || row.kind > BlockKind::as_it_was) return bad("has a block of no known kind");
  const auto plain = varint(kMaxBlockPlain);
  if (!plain) return tl::unexpected(plain.error());
  row.plain = *plain;
  if (row.plain == 0) return bad("has a block of nothing");
  if (auto counted = count_plain(row.plain, 1); !counted) return tl::unexpected(counted.error());
  if (row.kind == BlockKind::libbz2) return row;
  const auto bits = varint(row.kind == BlockKind::as_it_was ? kMaxBlockBits : kMaxChoiceBits);
  if (!bits) return tl::unexpected(bits.error());
  row.bit_count = *bits;
  if (row.bit_count < kMinBlockBits) return bad("has a block of too few bits");
  const auto bytes = raw((row.bit_count + 7) / 8);
  if (!bytes) return tl::unexpected(bytes.error());
  row.bits = *bytes;
  const auto unused = static_cast<unsigned>((8 - row.bit_count % 8) % 8);
  if ((static_cast<unsigned>(row.bits.back()) & ((1U << unused) - 1)) != 0) return bad("has bits behind a block's end");
  return row;
}

Result<unsigned> PackingReader::padding() {
  const auto byte = raw(1);
  if (!byte) return tl::unexpected(byte.error());
  const auto value = static_cast<unsigned>((*byte)[0]);
  if (value > 0x7f) return bad("has more padding than a byte takes");
  return value;
}

Result<std::uint64_t> plain_bytes_of(ByteSpan packing) {
  if (packing.size() > kMaxPackingBytes)
    return refuse(RefusalKind::malformed, fmt::format("a bzip2 packing of more than {} bytes", kMaxPackingBytes));
  PackingReader reader(packing);
  std::uint64_t plain = 0;
  for (;;) {
    const auto row = reader.next();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return plain;
    if ((*row)->kind == Row::Kind::libbz2_streams) plain += (*row)->plain * (*row)->count;
    if ((*row)->kind != Row::Kind::other_stream) continue;
    for (std::uint64_t i = 0; i < (*row)->count; ++i) {
      const auto block = reader.next_block();
      if (!block) return tl::unexpected(block.error());
      plain += block->plain;
    }
    if (const auto padding = reader.padding(); !padding) return tl::unexpected(padding.error());
  }
}

}  // namespace patchferry::bzip2
