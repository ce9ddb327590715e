// SPDX-License-Identifier: Apache-2.0
// Packs: four bytes that say how much it expands to, then what is stored. As many bytes come out, or it is refused.
#include <cstdlib>

#include "bundle-format/packs/expand_pack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  if (size < 4) return 0;
  const auto bytes = std::as_bytes(std::span(data, size));
  const std::uint64_t says = ByteReader(bytes).u32() & 0xffffff;
  const ByteSpan stored = bytes.subspan(4);
  static const Bytes prefix(1000, std::byte{0x41});
  const PackRecord pack{Codec::zstd, 0, stored.size(), says};
  std::uint64_t expanded = 0;
  const auto read = [&](std::uint64_t at, std::span<std::byte> into) {
    if (at + into.size() > stored.size()) std::abort();
    std::memcpy(into.data(), stored.data() + at, into.size());
  };
  const auto done = expand_pack(pack, read, prefix, [&](ByteSpan part) { expanded += part.size(); });
  if (expanded > says || (done && expanded != says)) std::abort();
  return 0;
}
