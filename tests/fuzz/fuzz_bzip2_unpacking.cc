// SPDX-License-Identifier: Apache-2.0
// Files that may be bzip2: what comes off with every block checked must go on again to the same bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <sys/mman.h>

#include "bundle-format/bzip2/packing.h"
#include "bundle-format/bzip2/unpacking.h"

namespace patchferry {

namespace {

constexpr std::size_t kCeiling = 4 << 20;

void require(bool holds) {
  if (!holds) std::abort();
}

void unpack(ByteSpan bytes) {
  const Fd file(::memfd_create("fuzz", MFD_CLOEXEC), "input");
  require(file.valid());
  write_all(file, bytes);
  std::uint64_t read = 0;
  Bzip2Unpacker unpacker(file, Care::every_block, [&](std::uint64_t n) { read += n; });
  Bytes plain;
  while (plain.size() < kCeiling) {
    const auto part = unpacker.next();
    if (!part) {
      require(part.error().kind == RefusalKind::truncated || part.error().kind == RefusalKind::not_an_archive);
      return;
    }
    if (part->empty()) break;
    plain.insert(plain.end(), part->begin(), part->end());
  }
  if (plain.size() >= kCeiling) return;  // left half way
  require(read == bytes.size());
  const Bytes packing = unpacker.packing();
  require(!packing.empty());
  Bytes again;
  auto packer = Bzip2Packer::open(packing, [&](ByteSpan part) { again.insert(again.end(), part.begin(), part.end()); });
  require(packer.has_value() && packer->plain_bytes() == plain.size());
  packer->add(plain);
  require(packer->finish().has_value());
  require(std::ranges::equal(again, bytes));
}

}  // namespace

}  // namespace patchferry

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  patchferry::unpack(std::as_bytes(std::span(data, size)));
  return 0;
}
