// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/bzip2/bits.h"

namespace patchferry::bzip2 {

Bytes read_bits(const Fd& file, std::uint64_t first, std::size_t bytes) {
  const unsigned shift = static_cast<unsigned>(first % 8);
  Bytes out(bytes + 1);
  out.resize(read_up_to(file, first / 8, std::span(out)));
  if (shift == 0) {
    out.resize(std::min(out.size(), bytes));
    return out;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    const unsigned next = i + 1 < out.size() ? static_cast<unsigned>(out[i + 1]) : 0;
    out[i] = static_cast<std::byte>((((static_cast<unsigned>(out[i]) << 8) | next) >> (8 - shift)) & 0xff);
  }
  out.resize(std::min(out.size(), bytes));
  return out;
}

bool same_bits(const BlockBits& a, ByteSpan b) {
  BitReader left(a.bytes, a.first);
  BitReader right(b);
  if (right.left() < a.count) return false;
  std::uint64_t count = a.count;
  for (; count >= 56; count -= 56)
    if (left.get(56) != right.get(56)) return false;
  const auto rest = static_cast<unsigned>(count);
  return left.get(rest) == right.get(rest) && !left.failed();
}

}  // namespace patchferry::bzip2
