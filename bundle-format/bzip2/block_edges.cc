// SPDX-License-Identifier: Apache-2.0
// This runs on the thread that hands the bytes on, so eight bytes are looked at in one go: which of them equal the one before. Only
// runs of four and more make another number of bytes than they have, so that no single run need be counted mostly.
#include "bundle-format/bzip2/block_edges.h"

#include <bit>
#include <cstring>

namespace patchferry::bzip2 {

namespace {

std::uint64_t load(const std::byte* from) {
  std::uint64_t v = 0;
  std::memcpy(&v, from, sizeof v);
  return v;
}

/// Bit i is set if byte i of `v` (the lowest is 0) is zero.
std::uint8_t zero_bytes(std::uint64_t v) {
  constexpr std::uint64_t kLow = 0x7f7f7f7f7f7f7f7fULL;
  const std::uint64_t top = ~(((v & kLow) + kLow) | v | kLow);  // 0x80 in each zero byte
  return static_cast<std::uint8_t>(((top >> 7) * 0x0102040810204080ULL) >> 56);
}

}  // namespace

std::size_t BlockEdges::take(ByteSpan plain) {
  const std::byte* const bytes = plain.data();
  const std::size_t size = plain.size();
  std::size_t at = 0;
  unsigned made = made_;
  unsigned run = run_;
  std::byte last = last_;
  const auto keep = [&](std::size_t taken) {
    made_ = made;
    run_ = run;
    last_ = last;
    return taken;
  };
  while (at < size) {
    if (at > 0 && at + 8 <= size && run > 0) {
      const std::uint8_t same = zero_bytes(load(bytes + at) ^ load(bytes + at - 1));
      if (same == 0xff) {
        if (run + 8 <= kMaxRun) {
          run += 8;
          at += 8;
          continue;
        }
      } else {
        const auto first = static_cast<unsigned>(std::countr_one(same));    // these still belong to the run so far
        const auto pending = static_cast<unsigned>(std::countl_one(same));  // and these, but for one, to the run to come
        const auto between = same & (0xffU << first) & (0xffU >> pending);
        // Not near the edge, so that none of the eight can end the block; no run of four or more between.
        if (made + 5 + 8 < full_ && run + first <= kMaxRun && (between & (between >> 1) & (between >> 2)) == 0) {
          made += made_of(run + first) + 7 - first - pending;
          run = pending + 1;
          last = bytes[at + 7];
          at += 8;
          continue;
        }
      }
    }
    const std::size_t stop = size - at < 8 ? size : at + 8;
    for (; at < stop; ++at) {
      const std::byte b = bytes[at];
      if (b == last && run > 0 && run < kMaxRun) {
        ++run;
        continue;
      }
      const unsigned then = made + (run == 0 ? 0 : made_of(run));
      if (then >= full_) return keep(at);
      made = then;
      run = 1;
      last = b;
    }
  }
  return keep(size);
}

}  // namespace patchferry::bzip2
