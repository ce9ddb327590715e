// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/bzip2/symbols.h"

#include <algorithm>
#include <cstring>

#include "bundle-format/bzip2/suffix_order.h"

namespace patchferry::bzip2 {

namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> out{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t v = i << 24;
    for (int bit = 0; bit < 8; ++bit) v = (v & 0x80000000U) != 0 ? (v << 1) ^ 0x04c11db7U : v << 1;
    out[i] = v;
  }
  return out;
}

// The last byte of every rotation, the rotations being sorted. The suffixes of the least rotation have the order of the
// rotations that begin with them, as long as no two rotations are equal.
std::optional<Bytes> last_column(ByteSpan block, std::uint32_t& origin) {
  const std::size_t n = block.size();
  const std::size_t start = least_rotation(block);
  Bytes rotated(block.begin() + static_cast<std::ptrdiff_t>(start), block.end());
  rotated.insert(rotated.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(start));
  const auto order = suffix_order(rotated);
  // Equal rotations: the least one is the repetition of its own beginning, so the shortest suffix that repeats it is the first.
  if (order[0] != 0) return std::nullopt;
  const std::size_t whole = (n - start) % n;
  Bytes out(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto place = static_cast<std::size_t>(order[i]);
    if (place == whole) origin = static_cast<std::uint32_t>(i);
    out[i] = rotated[place == 0 ? n - 1 : place - 1];
  }
  return out;
}

// A run of zeros as a number in base two with the digits 1 and 2, the lowest first.
void put_zeros(std::uint32_t count, std::vector<std::uint16_t>& out) {
  for (; count > 0; count = (count - 1) / 2) out.push_back((count & 1) != 0 ? 0 : 1);
}

}  // namespace

void FirstPass::end_run() {
  if (run_ == 0) return;
  if (out_.size() > kMaxBlock) {
    too_many_ = true;
    out_.clear();
  }
  for (unsigned i = 0; i < std::min(run_, 4U); ++i) out_.push_back(last_);
  if (run_ >= 4) out_.push_back(static_cast<std::byte>(run_ - 4));
}

void FirstPass::add(ByteSpan plain) {
  for (const auto b : plain) {
    if (run_ > 0 && b == last_ && run_ < longest_) {
      ++run_;
      continue;
    }
    end_run();
    last_ = b;
    run_ = 1;
  }
}

std::optional<Bytes> FirstPass::finish() {
  end_run();
  run_ = 0;
  if (too_many_ || out_.empty() || out_.size() > kMaxBlock) return std::nullopt;
  return std::move(out_);
}

std::optional<Symbols> symbols_of(ByteSpan block) {
  if (block.empty()) return std::nullopt;
  Symbols out;
  const auto last = last_column(block, out.origin);
  if (!last) return std::nullopt;
  for (const auto b : block) out.used[static_cast<std::size_t>(b)] = true;
  std::array<std::uint8_t, 256> front{};
  unsigned used = 0;
  for (unsigned b = 0; b < 256; ++b)
    if (out.used[b]) front[used++] = static_cast<std::uint8_t>(b);
  out.alphabet = used + 2;
  out.symbols.reserve(block.size() + 1);
  std::uint32_t zeros = 0;
  for (const auto b : *last) {
    const auto wanted = static_cast<std::uint8_t>(b);
    if (front[0] == wanted) {
      ++zeros;
      continue;
    }
    put_zeros(zeros, out.symbols);
    zeros = 0;
    unsigned place = 1;
    while (front[place] != wanted) ++place;
    std::memmove(&front[1], &front[0], place);
    front[0] = wanted;
    out.symbols.push_back(static_cast<std::uint16_t>(place + 1));
  }
  put_zeros(zeros, out.symbols);
  out.symbols.push_back(static_cast<std::uint16_t>(out.alphabet - 1));
  return out;
}

void BlockCrc::add(ByteSpan bytes) {
  static constexpr auto kTable = crc_table();
  for (const auto b : bytes) state_ = (state_ << 8) ^ kTable[(state_ >> 24) ^ static_cast<std::uint32_t>(b)];
}

}  // namespace patchferry::bzip2
