// SPDX-License-Identifier: Apache-2.0
// This runs on the thread that hands the bytes on, so eight bytes are looked at in one go: often no byte equals the one
// before it, or (in long runs) all do.
#include "bundle-format/bzip2/block_edges.h"

#include <cstring>

namespace patchferry::bzip2 {

namespace {

std::uint64_t load(const std::byte* from) {
  std::uint64_t v = 0;
  std::memcpy(&v, from, sizeof v);
  return v;
}

bool has_zero_byte(std::uint64_t v) { return ((v - 0x0101010101010101ULL) & ~v & 0x8080808080808080ULL) != 0; }

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
      // Not near the edge, so that no byte of the eight can end the block.
      const std::uint64_t differs = load(bytes + at) ^ load(bytes + at - 1);
      if (made + 5 + 8 < full_ && !has_zero_byte(differs)) {
        made += made_of(run) + 7;
        run = 1;
        last = bytes[at + 7];
        at += 8;
        continue;
      }
      if (differs == 0 && run + 8 <= kMaxRun) {
        run += 8;
        at += 8;
        continue;
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
