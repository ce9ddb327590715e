// SPDX-License-Identifier: Apache-2.0
// The caller's thread counts where blocks end and pushes plain bytes to the worker that makes the block, or makes it itself if
// it is short; what has been made is joined bit by bit, in order, as it comes to the front.
#include "bundle-format/bzip2/packing.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <optional>
#include <utility>

#include "bundle-format/bzip2/block_edges.h"
#include "bundle-format/bzip2/block_making.h"
#include "system/ordered_work.h"
#include "system/parallel.h"

namespace patchferry {

namespace {

using namespace bzip2;

constexpr std::size_t kPart = 64 << 10;
constexpr std::size_t kWriteAt = 256 << 10;
constexpr std::uint64_t kShort = 16 << 10;  // plain bytes of a block that is made sooner than a worker wakes up

// What comes out next, in order.
struct Piece {
  enum class Kind { header, block, trailer };
  Kind kind = Kind::header;
  unsigned number = 0;  // a header's level, a trailer's padding
  std::shared_ptr<BlockOrder> order = {};
};

}  // namespace

class Bzip2Packer::Making {
 public:
  Making(Bytes packing, std::uint64_t plain_bytes, std::function<void(ByteSpan)> write)
      : packing_(std::move(packing)), plain_bytes_(plain_bytes), write_(std::move(write)), reader_(packing_), workers_(cores()) {}
  ~Making() { drop_all(); }
  Making(const Making&) = delete;
  Making& operator=(const Making&) = delete;

  void add(ByteSpan plain) {
    if (misfit_ || plain.size() > plain_bytes_ - added_) {
      misfit_ = true;
      return;
    }
    added_ += plain.size();
    while (!plain.empty() && !misfit_) {
      if (stream_left_ == 0) next_with_bytes();
      const std::size_t taken = feed(plain.first(static_cast<std::size_t>(std::min<std::uint64_t>(plain.size(), stream_left_))));
      plain = plain.subspan(taken);
    }
  }

  Result<void> finish() {
    if (!misfit_ && added_ == plain_bytes_) {
      next_with_bytes();
      while (!misfit_ && !pieces_.empty()) write_front();
    }
    if (misfit_ || added_ != plain_bytes_) {
      drop_all();
      return refuse(RefusalKind::malformed, "the plain bytes do not fit the bzip2 packing");
    }
    if (joined_.missing() != 0) joined_.put(0, joined_.missing());
    write_out(1);
    if (literal_.empty()) return {};
    write_(literal_);
    return {};
  }

  std::uint64_t plain_bytes() const { return plain_bytes_; }

 private:
  // The rows were all read once before they are relied on.
  template <class T>
  static T good(Result<T> result) {
    assert(result);
    return std::move(*result);
  }

  // Goes on to the next stream or block that takes plain bytes; at the packing's end there is none.
  void next_with_bytes() {
    while (stream_left_ == 0 && !misfit_) {
      if (row_.kind == Row::Kind::other_stream && blocks_left_ > 0) {
        --blocks_left_;
        const BlockRow row = good(reader_.next_block());
        stream_left_ = row.plain;
        begin_block(row);
        return;
      }
      if (in_stream_) end_stream();
      if (streams_left_ == 0) {
        auto row = good(reader_.next());
        if (!row) return;
        row_ = *row;
        if (row_.kind == Row::Kind::literal) {
          literal_ = row_.literal;
          continue;
        }
        streams_left_ = row_.kind == Row::Kind::libbz2_streams ? row_.count : 1;
        blocks_left_ = row_.kind == Row::Kind::other_stream ? row_.count : 0;
      }
      --streams_left_;
      in_stream_ = true;
      put({Piece::Kind::header, row_.level});
      if (row_.kind == Row::Kind::libbz2_streams) stream_left_ = row_.plain;
    }
  }

  void end_stream() {
    in_stream_ = false;
    if (row_.kind == Row::Kind::libbz2_streams && row_.at_once != ended_at_once_) misfit_ = true;
    ended_at_once_ = false;
    const unsigned padding = row_.kind == Row::Kind::other_stream ? good(reader_.padding()) : 0;
    put({Piece::Kind::trailer, padding});
  }

  void begin_block(const BlockRow& row) {
    order_ = std::make_shared<BlockOrder>(row_.level, row);
    edges_.emplace(row_.level);
    put({Piece::Kind::block, 0, order_});
    is_short_ = stream_left_ <= kShort;
    if (!is_short_) workers_.submit([order = order_] { make_block(*order); });
  }

  void end_block() {
    order_->plain.close();
    if (is_short_) make_block(*order_);
    order_ = nullptr;
  }

  // Plain bytes of the stream (or block) that is open; returns how many it took.
  std::size_t feed(ByteSpan plain) {
    if (!order_) begin_block({});
    const bool counts = order_->row.kind == BlockKind::libbz2;
    ByteSpan part = plain.first(std::min(plain.size(), kPart));
    const std::size_t taken = counts ? edges_->take(part) : part.size();
    const bool ends = taken < part.size();
    bool whole = false;  // the last byte of the stream ends the block, and belongs to it all the same
    if (ends && stream_left_ == taken + 1 && (row_.kind == Row::Kind::other_stream || row_.at_once))
      whole = ended_at_once_ = true;
    if (ends && !whole && row_.kind == Row::Kind::other_stream) {
      misfit_ = true;  // libbz2 makes two blocks of this
      return plain.size();
    }
    part = part.first(whole ? taken + 1 : taken);
    if (!part.empty()) order_->plain.push(Bytes(part.begin(), part.end()));
    stream_left_ -= part.size();
    if ((ends && !whole) || stream_left_ == 0) end_block();
    return part.size();
  }

  void put(Piece piece) {
    const auto waiting = [&] { return static_cast<std::size_t>(std::count_if(pieces_.begin(), pieces_.end(), is_block)); };
    if (piece.kind == Piece::Kind::block) {
      while (!misfit_ && waiting() >= 2 * cores()) write_front();
    }
    pieces_.push_back(std::move(piece));
    while (!misfit_ && !is_block(pieces_.front())) {
      write_front();
      if (pieces_.empty()) break;
    }
  }
  static bool is_block(const Piece& piece) { return piece.kind == Piece::Kind::block; }

  void write_front() {
    const Piece piece = std::move(pieces_.front());
    pieces_.pop_front();
    switch (piece.kind) {
      case Piece::Kind::header:
        joined_.put('B', 8);
        joined_.put('Z', 8);
        joined_.put('h', 8);
        joined_.put('0' + piece.number, 8);
        combined_ = 0;
        break;
      case Piece::Kind::block: {
        piece.order->done.pop();  // an exception of the worker comes out here
        if (!piece.order->block) {
          misfit_ = true;
          return;
        }
        const BlockBits& block = *piece.order->block;
        combined_ = combined_crc(combined_, block.crc());
        joined_.put_bits(block.bytes, block.first, block.count);
        break;
      }
      case Piece::Kind::trailer:
        joined_.put(kEndMagic, kMagicBits);
        joined_.put(combined_, kCrcBits);
        if ((piece.number >> joined_.missing()) != 0)
          misfit_ = true;
        else if (joined_.missing() != 0)
          joined_.put(piece.number, joined_.missing());
        break;
    }
    write_out(kWriteAt);
  }

  void write_out(std::size_t least) {
    if (joined_.whole_bytes() < least) return;
    const Bytes bytes = joined_.take_whole();
    write_(bytes);
  }

  void drop_all() {
    if (order_) order_->plain.abandon();
    for (const auto& piece : pieces_)
      if (piece.order) piece.order->plain.abandon();
  }

  const Bytes packing_;
  const std::uint64_t plain_bytes_;
  const std::function<void(ByteSpan)> write_;
  PackingReader reader_;
  Row row_{.kind = Row::Kind::libbz2_streams};
  std::uint64_t streams_left_ = 0;  // of the row
  std::uint64_t blocks_left_ = 0;   // of an other_stream
  std::uint64_t stream_left_ = 0;   // plain bytes of the stream, or of the other_stream's block
  bool in_stream_ = false;
  bool ended_at_once_ = false;
  ByteSpan literal_;
  std::shared_ptr<BlockOrder> order_;  // the block that takes plain bytes
  bool is_short_ = false;              // then the caller's thread makes it, as soon as it has its bytes
  std::optional<BlockEdges> edges_;
  std::uint64_t added_ = 0;
  bool misfit_ = false;
  std::deque<Piece> pieces_;
  BitWriter joined_;
  std::uint32_t combined_ = 0;
  OrderedWorkers workers_;  // the last: it goes first, once drop_all() has let them
};

Bzip2Packer::Bzip2Packer(std::unique_ptr<Making> making) : making_(std::move(making)) {}
Bzip2Packer::~Bzip2Packer() = default;
Bzip2Packer::Bzip2Packer(Bzip2Packer&&) noexcept = default;
Bzip2Packer& Bzip2Packer::operator=(Bzip2Packer&&) noexcept = default;

Result<Bzip2Packer> Bzip2Packer::open(ByteSpan packing, std::function<void(ByteSpan)> write) {
  const auto plain = plain_bytes_of(packing);
  if (!plain) return tl::unexpected(plain.error());
  return Bzip2Packer(std::make_unique<Making>(Bytes(packing.begin(), packing.end()), *plain, std::move(write)));
}

void Bzip2Packer::add(ByteSpan plain) { making_->add(plain); }
Result<void> Bzip2Packer::finish() { return making_->finish(); }
std::uint64_t Bzip2Packer::plain_bytes() const { return making_->plain_bytes(); }

}  // namespace patchferry
