// SPDX-License-Identifier: Apache-2.0
// libbz2 reads the block's bits until it has all of them, and stops. At one of the eight bits where it may have stopped
// there must be a magic; with that magic as well, libbz2 makes the plain bytes, checks their CRC, and that the magic stands
// just where the block ends.
#include "bundle-format/bzip2/block_task.h"

#include <algorithm>

#include "bundle-format/bzip2/libbz2.h"

namespace patchferry::bzip2 {

namespace {

constexpr std::size_t kInput = 64 << 10;
constexpr std::size_t kOutput = 64 << 10;
constexpr std::size_t kChoiceRoom = (kMaxChoiceBits + 512) / 8;  // and what stands before it

// How a block was made: its plain bytes go through the encoders as they come.
class Trial {
 public:
  explicit Trial(unsigned level) : maker_(level) {}
  void add(ByteSpan plain) {
    maker_.add(plain);
    crc_.add(plain);
    long_.add(plain);
    short_.add(plain);
  }
  BlockKind judge(ByteSpan bits, std::uint64_t count, const std::optional<Choice>& choice) {
    const auto ours = maker_.finish();
    if (ours && ours->count == count && same_bits(*ours, bits)) return BlockKind::libbz2;
    if (!choice) return BlockKind::as_it_was;
    const auto longer = long_.finish();
    if (longer && rebuilds(*longer, bits, count, *choice)) return BlockKind::long_runs;
    const auto shorter = short_.finish();
    if (shorter && shorter != longer && rebuilds(*shorter, bits, count, *choice)) return BlockKind::short_runs;
    return BlockKind::as_it_was;
  }

 private:
  bool rebuilds(ByteSpan runs, ByteSpan bits, std::uint64_t count, const Choice& choice) const {
    const auto symbols = symbols_of(runs);
    if (!symbols) return false;
    const auto block = build_block(choice, *symbols, crc_.value());
    return block && block->count == count && same_bits(*block, bits);
  }
  BlockMaker maker_;
  BlockCrc crc_;
  FirstPass long_{kLongRuns};
  FirstPass short_{kShortRuns};
};

// Bits of a file in parts of whole bytes, wherever they begin.
class Input {
 public:
  Input(const Fd& file, std::uint64_t start) : file_(file), start_(start) {}
  ByteSpan part() {
    if (used_ == part_.size()) {
      part_ = read_bits(file_, start_ + taken_ * 8, kInput);
      used_ = 0;
    }
    return ByteSpan(part_).subspan(used_);
  }
  void take(std::size_t bytes) {
    used_ += bytes;
    taken_ += bytes;
  }
  std::uint64_t taken() const { return taken_; }

 private:
  const Fd& file_;
  const std::uint64_t start_;
  std::uint64_t taken_ = 0;
  Bytes part_;
  std::size_t used_ = 0;
};

// True if libbz2 has the whole block.
bool read_block(BlockReader& reader, Input& input, BlockTask& task) {
  while (!task.plain.abandoned()) {
    const auto part = input.part();
    if (part.empty()) return false;
    const std::size_t taken = reader.look(part);
    input.take(taken);
    if (reader.damaged()) {
      task.end = BlockTask::End::damaged;
      return false;
    }
    if (taken < part.size()) return true;
  }
  return false;
}

// The block's last byte has been taken at this bit or up to seven before.
bool find_end(const Fd& file, std::uint64_t size, std::uint64_t last, BlockTask& task) {
  const Bytes around = read_bits(file, last - 7, 7);
  for (unsigned i = 0; i < 8; ++i) {
    BitReader reader(around, i);
    const auto magic = reader.get(kMagicBits);
    if (reader.failed() || last - 7 + i + kMagicBits > size * 8) continue;
    if (magic != kBlockMagic && magic != kEndMagic) continue;
    task.end_bit = last - 7 + i;
    task.last_of_stream = magic == kEndMagic;
    return true;
  }
  task.end = last + kMagicBits > size * 8 ? BlockTask::End::cut : BlockTask::End::damaged;
  return false;
}

void note(BlockTask& task, ByteSpan part) {
  if (task.plain_bytes == 0 && !part.empty()) task.first = part.front();
  if (!task.edge_inside) {
    const std::size_t taken = task.edges.take(part);
    if (taken < part.size()) task.edge_inside = task.plain_bytes + taken;
  }
  task.plain_bytes += part.size();
}

void run(const Fd& file, std::uint64_t size, BlockTask& task) {
  if (task.plain.abandoned()) return;
  BlockReader reader(task.level);
  Input input(file, task.start);
  if (!read_block(reader, input, task)) return;
  if (!find_end(file, size, task.start + input.taken() * 8, task)) return;

  std::optional<Trial> trial;
  if (task.check) trial.emplace(task.level);
  const Bytes rest = read_bits(file, task.start + input.taken() * 8, kMagicBits / 8);
  ByteSpan more(rest);
  for (bool full = true; full;) {
    Bytes part(kOutput);
    const std::size_t made = reader.make(more, part);
    if (reader.damaged()) {
      task.end = BlockTask::End::damaged;
      return;
    }
    full = made == part.size();
    if (made == 0) break;
    part.resize(made);
    note(task, part);
    if (trial) trial->add(part);
    if (!task.plain.push(std::move(part))) return;
  }

  const std::uint64_t count = task.end_bit - task.start;
  const auto bytes = static_cast<std::size_t>((count + 7) / 8);
  const Bytes bits = read_bits(file, task.start, task.check ? bytes : std::min(bytes, kChoiceRoom));
  task.crc = static_cast<std::uint32_t>(BitReader(bits, kMagicBits).get(kCrcBits));
  task.choice = choice_of(bits);
  if (trial) task.made = trial->judge(bits, count, task.choice);
  task.end = BlockTask::End::whole;
}

}  // namespace

void take_off(const Fd& file, std::uint64_t size, BlockTask& task) noexcept {
  try {
    run(file, size, task);
    task.plain.close();
  } catch (...) {
    task.plain.fail(std::current_exception());
  }
}

}  // namespace patchferry::bzip2
