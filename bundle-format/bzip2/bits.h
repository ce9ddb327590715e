// SPDX-License-Identifier: Apache-2.0
// Bits as bzip2 has them: the highest bit of a byte comes first. Reading never goes past the span: a short read sets
// failed() and yields zeros.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "system/bytes.h"
#include "system/file.h"

namespace patchferry::bzip2 {

constexpr std::uint64_t kBlockMagic = 0x314159265359;
constexpr std::uint64_t kEndMagic = 0x177245385090;
constexpr unsigned kMagicBits = 48;
constexpr unsigned kCrcBits = 32;
constexpr std::uint64_t kHeaderBits = 32;  // "BZh" and the level

class BitReader {
 public:
  explicit BitReader(ByteSpan bytes, std::uint64_t position = 0) : bytes_(bytes), position_(position) {}

  /// The next `count` bits, at most 56.
  std::uint64_t get(unsigned count) {
    if (failed_ || count > left()) {
      failed_ = true;
      return 0;
    }
    std::uint64_t v = 0;
    unsigned have = 0;
    std::uint64_t at = position_;
    while (have < count) {
      const auto byte = static_cast<std::uint64_t>(bytes_[static_cast<std::size_t>(at / 8)]);
      const unsigned inside = static_cast<unsigned>(at % 8);
      const unsigned take = std::min(8 - inside, count - have);
      v = (v << take) | ((byte >> (8 - inside - take)) & ((1U << take) - 1));
      have += take;
      at += take;
    }
    position_ = at;
    return v;
  }
  std::uint64_t position() const { return position_; }
  std::uint64_t left() const {
    const std::uint64_t all = static_cast<std::uint64_t>(bytes_.size()) * 8;
    return position_ < all ? all - position_ : 0;
  }
  bool failed() const { return failed_; }

 private:
  ByteSpan bytes_;
  std::uint64_t position_;
  bool failed_ = false;
};

class BitWriter {
 public:
  /// The low `count` bits of `value`, at most 56.
  void put(std::uint64_t value, unsigned count) {
    pending_ = (pending_ << count) | (value & ((1ULL << count) - 1));
    pending_bits_ += count;
    while (pending_bits_ >= 8) {
      pending_bits_ -= 8;
      out_.push_back(static_cast<std::byte>((pending_ >> pending_bits_) & 0xff));
    }
  }
  /// `count` bits of `bytes` from bit `first`; they are there.
  void put_bits(ByteSpan bytes, std::uint64_t first, std::uint64_t count) {
    BitReader reader(bytes, first);
    for (; count >= 48; count -= 48) put(reader.get(48), 48);
    if (count > 0) put(reader.get(static_cast<unsigned>(count)), static_cast<unsigned>(count));
  }
  /// Bits that the last byte lacks.
  unsigned missing() const { return (8 - pending_bits_) % 8; }
  std::uint64_t bits() const { return static_cast<std::uint64_t>(out_.size()) * 8 + pending_bits_; }
  /// The whole bytes so far, which go; the bits of a byte begun stay.
  Bytes take_whole() { return std::exchange(out_, {}); }
  std::size_t whole_bytes() const { return out_.size(); }
  /// All of it, filled up with zero bits.
  Bytes finish() {
    if (missing() != 0) put(0, missing());
    return take_whole();
  }

 private:
  Bytes out_;
  std::uint64_t pending_ = 0;
  unsigned pending_bits_ = 0;  // fewer than 8 between calls
};

/// Bits of a block as they stand in a stream, magic and CRC included.
struct BlockBits {
  Bytes bytes;
  std::uint64_t first = 0;  // where they begin in `bytes`
  std::uint64_t count = 0;

  std::uint32_t crc() const { return static_cast<std::uint32_t>(BitReader(bytes, first + kMagicBits).get(kCrcBits)); }
};

/// Up to `bytes` bytes that begin at bit `first` of the file, moved so that they begin at a byte; fewer at the file's end.
/// A last part of a byte is filled with zeros.
Bytes read_bits(const Fd& file, std::uint64_t first, std::size_t bytes);

bool same_bits(const BlockBits& a, ByteSpan b);

/// A stream's CRC after one more block.
constexpr std::uint32_t combined_crc(std::uint32_t stream, std::uint32_t block) {
  return ((stream << 1) | (stream >> 31)) ^ block;
}

}  // namespace patchferry::bzip2
