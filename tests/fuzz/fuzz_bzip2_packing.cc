// SPDX-License-Identifier: Apache-2.0
// Packings that nobody need have written, and plain bytes: two bytes say how long the packing is that follows them, the
// rest is plain. What is accepted must encode to the same bytes, and take just as many plain bytes as it says.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "bundle-format/bzip2/packing.h"
#include "bundle-format/bzip2/packing_code.h"

namespace patchferry {

namespace {

constexpr std::uint64_t kMaxMore = 1 << 20;

void require(bool holds) {
  if (!holds) std::abort();
}

Bytes encoded_again(ByteSpan packing) {
  using namespace bzip2;
  PackingReader reader(packing);
  PackingWriter writer;
  for (auto row = reader.next(); *row; row = reader.next()) {
    if ((*row)->kind == Row::Kind::literal) writer.literal((*row)->literal);
    if ((*row)->kind == Row::Kind::libbz2_streams)
      for (std::uint64_t i = 0; i < (*row)->count; ++i) writer.libbz2_stream((*row)->level, (*row)->at_once, (*row)->plain);
    if ((*row)->kind != Row::Kind::other_stream) continue;
    Bytes blocks;
    for (std::uint64_t i = 0; i < (*row)->count; ++i) PackingWriter::add_block(blocks, *reader.next_block());
    writer.other_stream((*row)->level, (*row)->count, blocks, *reader.padding());
  }
  return writer.encoded();
}

void pack(ByteSpan packing, ByteSpan plain) {
  std::uint64_t written = 0;
  auto packer = Bzip2Packer::open(packing, [&](ByteSpan part) { written += part.size(); });
  if (!packer) {
    require(packer.error().kind == RefusalKind::malformed);
    return;
  }
  const std::uint64_t wanted = packer->plain_bytes();
  if (wanted <= kMaxMore) require(std::ranges::equal(encoded_again(packing), packing));
  packer->add(plain);
  std::uint64_t given = plain.size();
  if (wanted > given && wanted - given <= kMaxMore) {
    packer->add(Bytes(static_cast<std::size_t>(wanted - given)));
    given = wanted;
  }
  const auto finished = packer->finish();
  if (finished)
    require(given == wanted && written > 0);
  else
    require(finished.error().kind == RefusalKind::malformed);
}

}  // namespace

}  // namespace patchferry

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  const ByteSpan bytes = std::as_bytes(std::span(data, size));
  if (bytes.size() < 2) return 0;
  const std::size_t length = static_cast<std::size_t>(bytes[0]) | (static_cast<std::size_t>(bytes[1]) << 8);
  const ByteSpan rest = bytes.subspan(2);
  if (length > rest.size()) return 0;
  pack(rest.first(length), rest.subspan(length));
  return 0;
}
