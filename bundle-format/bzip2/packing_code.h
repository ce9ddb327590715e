// SPDX-License-Identifier: Apache-2.0
// The packing: what beside its plain bytes makes a bzip2 file (SPEC.md "bzip2 packing"). Accepts precisely what
// PackingWriter writes; everything else is `malformed`.
#pragma once

#include <cstdint>
#include <optional>

#include "system/bytes.h"
#include "system/refusal.h"

namespace patchferry::bzip2 {

constexpr std::size_t kMaxPackingBytes = 64 << 20;
constexpr std::uint64_t kMaxPlainBytes = 1ULL << 44;    // of the whole file
constexpr std::uint64_t kMaxEmptyStreams = 1ULL << 16;  // nothing else bounds how much comes out of a short packing
constexpr std::uint64_t kMaxBlockPlain = 900'000 / 5 * 259;
constexpr std::uint64_t kMaxBlockBits = 1ULL << 26;

enum class BlockKind : std::uint8_t {
  libbz2 = 1,      // libbz2 makes it of the plain bytes
  short_runs = 2,  // made with the choice given; runs up to 255
  long_runs = 3,   // the same, runs up to 259
  as_it_was = 4,   // its bits behind the magic
};

/// A block of a stream of another encoder.
struct BlockRow {
  BlockKind kind = BlockKind::libbz2;
  std::uint64_t plain = 0;
  ByteSpan bits = {};  // filled up with zero bits
  std::uint64_t bit_count = 0;
};

struct Row {
  enum class Kind { libbz2_streams, other_stream, literal };
  Kind kind = Kind::literal;
  unsigned level = 0;
  bool at_once = false;     // libbz2_streams: the byte that ended the last block is in it (block_edges.h)
  std::uint64_t plain = 0;  // libbz2_streams: of each
  std::uint64_t count = 0;  // libbz2_streams: how many; other_stream: its blocks, which follow
  ByteSpan literal = {};
};

/// Appends rows. What exceeds kMaxPackingBytes makes it too_large() for good, and its memory is let go.
class PackingWriter {
 public:
  void libbz2_stream(unsigned level, bool at_once, std::uint64_t plain);
  /// `blocks` was made by add_block(); `padding` is what the bits behind the stream's end are.
  void other_stream(unsigned level, std::uint64_t count, ByteSpan blocks, unsigned padding);
  void literal(ByteSpan bytes);
  static void add_block(Bytes& blocks, const BlockRow& row);

  void give_up();
  bool too_large() const { return too_large_; }
  std::uint64_t literal_bytes() const { return literal_bytes_; }
  void count_literal(std::uint64_t bytes) { literal_bytes_ += bytes; }
  /// All rows; empty if too_large().
  Bytes encoded() const;

 private:
  void flush();
  void check_size();
  Bytes out_;
  Row waiting_;  // libbz2_streams that may still be repeated; count 0: none
  std::uint64_t empty_streams_ = 0;
  std::uint64_t literal_bytes_ = 0;
  bool too_large_ = false;
};

/// Reads rows in order. The bytes are borrowed.
class PackingReader {
 public:
  explicit PackingReader(ByteSpan packing) : bytes_(packing) {}
  /// nullopt: the end.
  Result<std::optional<Row>> next();
  /// A block of the other_stream just read; call it `count` times, then padding().
  Result<BlockRow> next_block();
  Result<unsigned> padding();

 private:
  tl::unexpected<Refusal> bad(const char* what) const;
  Result<std::uint64_t> varint(std::uint64_t most);
  Result<ByteSpan> raw(std::uint64_t count);
  Result<void> count_plain(std::uint64_t plain, std::uint64_t times);
  ByteSpan bytes_;
  std::size_t at_ = 0;
  std::uint64_t plain_ = 0;
  std::uint64_t empty_streams_ = 0;
  Row before_;
};

/// Plain bytes that the packing asks for, if it holds what a packing may hold.
Result<std::uint64_t> plain_bytes_of(ByteSpan packing);

}  // namespace patchferry::bzip2
