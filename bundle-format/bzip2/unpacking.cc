// SPDX-License-Identifier: Apache-2.0
// The caller's thread goes along the true row of blocks, each of which begins where the one before ended. Ahead of it, it
// gives the workers every place that looks like a block's beginning. What turns out not to be one is dropped; a file that
// is full of those loses the privilege, and is read one block at a time.
#include "bundle-format/bzip2/unpacking.h"

#include <array>
#include <cassert>
#include <deque>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "bundle-format/bzip2/block_scan.h"
#include "bundle-format/bzip2/stream_record.h"
#include "system/ordered_work.h"
#include "system/parallel.h"

namespace patchferry {

namespace {

using namespace bzip2;

constexpr std::uint64_t kMaxFalseFinds = 64;           // and one more for each true one
constexpr std::uint64_t kLookAheadBytes = 4ULL << 20;  // a core: nearly two of the longest blocks

// 1 … 9, or nullopt.
std::optional<unsigned> level_in(ByteSpan header) {
  if (header.size() < 4 || as_text(header.first(3)) != "BZh") return std::nullopt;
  const auto level = static_cast<unsigned>(header[3]) - '0';
  if (level < 1 || level > 9) return std::nullopt;
  return level;
}

}  // namespace

class Bzip2Unpacker::Reading {
 public:
  Reading(const Fd& file, Care care, std::function<void(std::uint64_t)> on_read)
      : file_(file), size_(size_of(file)), care_(care), on_read_(std::move(on_read)), record_(file), workers_(cores()) {}
  ~Reading() { drop_all(); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  Result<ByteSpan> next() {
    for (;;) {
      if (current_) {
        if (auto part = current_->plain.pop()) {
          part_ = std::move(*part);
          return ByteSpan(part_);
        }
        if (auto done = end_block(); !done) return tl::unexpected(std::move(done.error()));
      }
      if (complete_) return ByteSpan();
      if (auto begun = in_stream_ ? go_on() : begin_stream(); !begun) return tl::unexpected(std::move(begun.error()));
    }
  }

  const StreamRecord& record() const { return record_; }
  bool complete() const { return complete_; }

 private:
  using Task = std::shared_ptr<BlockTask>;

  std::uint64_t bits() const { return size_ * 8; }
  Bytes bytes_at(std::uint64_t byte, std::size_t count) const { return read_bits(file_, byte * 8, count); }

  Result<void> begin_stream() {
    const std::uint64_t byte = position_ / 8;
    if (byte == size_) return byte == 0 ? refuse(RefusalKind::not_an_archive, "the archive is an empty file") : finish({});
    const Bytes header = bytes_at(byte, (kHeaderBits + kMagicBits) / 8);
    const std::size_t start = std::min<std::size_t>(header.size(), 3);
    if (as_text(header).substr(0, start) != std::string_view("BZh").substr(0, start)) return no_stream(byte);
    const auto level = level_in(header);
    if (!level && (streams_ == 0 && header.size() >= 4)) return no_stream(byte);
    const auto magic = BitReader(header, kHeaderBits).get(kMagicBits);
    if (header.size() < (kHeaderBits + kMagicBits) / 8 || !level || (magic != kBlockMagic && magic != kEndMagic)) {
      if (streams_ > 0)
        return refuse(RefusalKind::truncated, fmt::format("a further bzip2 stream begins at byte {} and ends too early", byte));
      return header.size() < (kHeaderBits + kMagicBits) / 8 ? cut() : no_stream(byte);
    }
    ++streams_;
    level_ = *level;
    combined_ = 0;
    in_stream_ = true;
    at_end_ = magic == kEndMagic;
    first_of_stream_ = true;
    record_.begin(level_);
    position_ += kHeaderBits;
    return {};
  }

  // What is no stream: fine behind one, nothing at all at the beginning.
  Result<void> no_stream(std::uint64_t byte) {
    if (streams_ == 0) return refuse(RefusalKind::not_an_archive, "this is not a bzip2 file");
    const std::uint64_t left = size_ - byte;
    if (left > kMaxPackingBytes) {
      record_.count_literal(left);
      record_.give_up();
      return finish({});
    }
    return finish(bytes_at(byte, static_cast<std::size_t>(left)));
  }

  Result<void> finish(const Bytes& literal) {
    if (!literal.empty()) record_.literal(literal);
    drop_all();
    complete_ = true;
    report(size_);
    return {};
  }

  // Behind a stream's header, or a block.
  Result<void> go_on() {
    if (at_end_) return end_stream();
    fill_queue();
    current_ = task_at(position_);
    first_of_stream_ = false;
    return {};
  }

  Result<void> end_stream() {
    if (position_ + kMagicBits + kCrcBits > bits()) return cut();
    const Bytes trailer = read_bits(file_, position_, (kMagicBits + kCrcBits) / 8 + 1);
    BitReader reader(trailer, kMagicBits);
    if (reader.get(kCrcBits) != combined_) return damaged("the CRC of a stream does not match");
    position_ += kMagicBits + kCrcBits;
    const auto padding = static_cast<unsigned>((8 - position_ % 8) % 8);
    record_.end(static_cast<unsigned>(reader.get(padding)));
    position_ += padding;
    in_stream_ = false;
    report(position_ / 8);
    return {};
  }

  Result<void> end_block() {
    const Task task = std::exchange(current_, nullptr);
    if (task->end == BlockTask::End::cut) return cut();
    if (task->end == BlockTask::End::damaged)
      return damaged(fmt::format("in or behind the block at byte {}", task->start / 8).c_str());
    combined_ = combined_crc(combined_, task->crc);
    record_.block(*task);
    position_ = task->end_bit;
    at_end_ = task->last_of_stream;
    ++blocks_;
    report(position_ / 8);
    return {};
  }

  // Gives the workers what to do, two blocks a core. The first find is where we are.
  void fill_queue() {
    if (!speculates()) return;
    if (!scan_) scan_.emplace(file_, position_);
    const std::uint64_t limit = std::min(size_, position_ / 8 + kLookAheadBytes * cores());
    while (ahead_.size() < 2 * cores()) {
      const auto found = scan_->next(limit);
      if (!found) return;
      unsigned level = ahead_.empty() ? level_ : ahead_.back()->level;
      bool first = *found == position_ && first_of_stream_;
      if (*found % 8 == 0 && *found >= kHeaderBits) {
        if (const auto other = level_in(bytes_at(*found / 8 - 4, 4))) {
          level = *other;
          first = true;
        }
      }
      submit(*found, *found == position_ ? level_ : level, first);
    }
  }
  bool speculates() const { return false_finds_ <= kMaxFalseFinds + blocks_; }

  void submit(std::uint64_t start, unsigned level, bool first) {
    const bool check = care_ == Care::every_block || (first && !record_.trusts_libbz2());
    auto task = std::make_shared<BlockTask>(start, level, check);
    ahead_.push_back(task);
    workers_.submit([this, task] { take_off(file_, size_, *task); });
  }

  Task task_at(std::uint64_t start) {
    while (!ahead_.empty() && ahead_.front()->start < start) {
      ahead_.front()->plain.abandon();
      ahead_.pop_front();
      ++false_finds_;
    }
    if (ahead_.empty() || ahead_.front()->start != start || ahead_.front()->level != level_) {
      // Nobody is on it yet. It must be the foremost task, or those before it would wait for it.
      if (!ahead_.empty()) ++false_finds_;
      drop_all();
      scan_.emplace(file_, start + 1);
      submit(start, level_, first_of_stream_);
    }
    Task task = std::move(ahead_.front());
    ahead_.pop_front();
    if (!speculates()) drop_all();
    return task;
  }

  void drop_all() {
    if (current_) current_->plain.abandon();
    for (const auto& task : ahead_) task->plain.abandon();
    ahead_.clear();
    scan_.reset();
  }

  void report(std::uint64_t bytes) {
    if (on_read_ && bytes > reported_) on_read_(bytes - reported_);
    reported_ = std::max(reported_, bytes);
  }

  static Result<void> cut() { return refuse(RefusalKind::truncated, "the bzip2 data end too early"); }
  static Result<void> damaged(const char* why) {
    return refuse(RefusalKind::not_an_archive, fmt::format("the bzip2 data are damaged ({})", why));
  }

  const Fd& file_;
  const std::uint64_t size_;
  const Care care_;
  const std::function<void(std::uint64_t)> on_read_;
  StreamRecord record_;
  std::uint64_t position_ = 0;  // bit
  bool in_stream_ = false;
  bool at_end_ = false;  // of a stream: its end magic is here
  bool first_of_stream_ = false;
  bool complete_ = false;
  unsigned level_ = 0;
  std::uint32_t combined_ = 0;
  std::uint64_t streams_ = 0;
  std::uint64_t blocks_ = 0;
  std::uint64_t false_finds_ = 0;
  std::uint64_t reported_ = 0;
  std::optional<BlockScan> scan_;
  Task current_;
  std::deque<Task> ahead_;
  Bytes part_;
  OrderedWorkers workers_;  // the last: it goes first, once drop_all() has let them
};

Bzip2Unpacker::Bzip2Unpacker(const Fd& file, Care care, std::function<void(std::uint64_t)> on_read)
    : reading_(std::make_unique<Reading>(file, care, std::move(on_read))) {}

Bzip2Unpacker::~Bzip2Unpacker() = default;

Result<ByteSpan> Bzip2Unpacker::next() { return reading_->next(); }

Bytes Bzip2Unpacker::packing() const {
  assert(reading_->complete());
  return reading_->record().packing();
}

std::uint64_t Bzip2Unpacker::literal_bytes() const { return reading_->record().literal_bytes(); }

}  // namespace patchferry
