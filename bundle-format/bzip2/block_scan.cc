// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/bzip2/block_scan.h"

#include <array>

namespace patchferry::bzip2 {

namespace {

constexpr std::size_t kWindow = 64 << 10;
constexpr std::size_t kSpan = 7;  // bytes that a magic touches at most

// By the second byte that a magic touches: at which bits of the first byte it may begin.
constexpr std::array<std::uint8_t, 256> second_bytes() {
  std::array<std::uint8_t, 256> out{};
  for (unsigned shift = 0; shift < 8; ++shift) {
    auto& shifts = out[static_cast<std::size_t>((kBlockMagic >> (32 + shift)) & 0xff)];
    shifts = static_cast<std::uint8_t>(shifts | (1U << shift));
  }
  return out;
}

}  // namespace

bool BlockScan::fill() {
  window_.resize(kWindow);
  window_.resize(read_up_to(file_, byte_, std::span(window_)));
  window_at_ = byte_;
  if (window_.size() < kSpan)
    window_.resize(window_.size() == kSpan - 1 ? kSpan : 0);  // at the file's end, a magic may end with it
  return !window_.empty();
}

std::optional<std::uint64_t> BlockScan::next(std::uint64_t limit) {
  static constexpr auto kSecond = second_bytes();
  while (byte_ < limit) {
    if (byte_ < window_at_ || byte_ + kSpan > window_at_ + window_.size())
      if (!fill()) return std::nullopt;
    const std::size_t last = window_.size() - kSpan;
    for (auto i = static_cast<std::size_t>(byte_ - window_at_); i <= last && byte_ < limit; ++i, ++byte_) {
      const unsigned shifts = kSecond[static_cast<std::size_t>(window_[i + 1])];
      if (shifts == 0) continue;
      for (unsigned shift = 0; shift < 8; ++shift) {
        const std::uint64_t found = byte_ * 8 + shift;
        if ((shifts & (1U << shift)) == 0 || found < from_) continue;
        if (BitReader(window_, i * 8 + shift).get(kMagicBits) != kBlockMagic) continue;
        from_ = found + 1;
        return found;
      }
    }
  }
  return std::nullopt;
}

}  // namespace patchferry::bzip2
