// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <random>
#include <zstd.h>

#include "bundle-format/packs/compress_pack.h"
#include "bundle-format/packs/expand_pack.h"
#include "tests/temp_folder.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

Bytes noise_bytes(unsigned seed, std::size_t size) {
  std::mt19937 random(seed);
  Bytes out(size);
  for (auto& b : out) b = std::byte(random() & 0xff);
  return out;
}

Bytes compressed(const TempFolder& files, Effort effort, ByteSpan prefix, ByteSpan plain) {
  const Fd file = open_file(files / "pack", O_RDWR | O_CREAT | O_TRUNC, 0600);
  PackWriter writer(effort, prefix, plain.size(), file);
  const std::size_t half = plain.size() / 2;
  writer.add(plain.first(half));
  writer.add(plain.subspan(half));
  const std::uint64_t bytes = writer.finish();
  REQUIRE(bytes == size_of(file));
  Bytes out(static_cast<std::size_t>(bytes));
  read_exactly(file, 0, out);
  return out;
}

Result<Bytes> expanded(ByteSpan stored, ByteSpan prefix, std::uint64_t says, Codec codec = Codec::zstd) {
  Bytes out;
  const auto read = [&](std::uint64_t at, std::span<std::byte> into) {
    std::copy_n(stored.begin() + static_cast<std::ptrdiff_t>(at), into.size(), into.begin());
  };
  const PackRecord pack{codec, 0, stored.size(), says};
  const auto done = expand_pack(pack, read, prefix, [&](ByteSpan part) { out.insert(out.end(), part.begin(), part.end()); });
  if (!done) return tl::unexpected(done.error());
  return out;
}

void check_refused(ByteSpan stored, ByteSpan prefix, std::uint64_t says) {
  const auto out = expanded(stored, prefix, says);
  REQUIRE_FALSE(out);
  CHECK(out.error().kind == RefusalKind::malformed);
}

}  // namespace

TEST_CASE("a pack expands to what went in, at every effort, with a prefix and without") {
  const TempFolder files;
  const Bytes prefix = noise_bytes(1, 300'000);
  Bytes plain = noise_bytes(2, 1000);
  plain.insert(plain.end(), prefix.begin() + 1000, prefix.end());
  for (const auto effort : {Effort::fast, Effort::standard, Effort::max}) {
    const Bytes alone = compressed(files, effort, {}, plain);
    CHECK(expanded(alone, {}, plain.size()) == plain);
    const Bytes against = compressed(files, effort, prefix, plain);
    CHECK(expanded(against, prefix, plain.size()) == plain);
    CHECK(against.size() < 5000);
    // Against anything else it is refused, or gives other bytes, which their hash tells.
    const auto wrong = expanded(against, noise_bytes(3, prefix.size()), plain.size());
    CHECK((!wrong || *wrong != plain));
  }
}

TEST_CASE("a stored pack is its bytes") {
  const Bytes plain = noise_bytes(4, 700'000);
  CHECK(expanded(plain, {}, plain.size(), Codec::stored) == plain);
}

TEST_CASE("a pack cut short at any byte is refused") {
  const TempFolder files;
  const Bytes plain = noise_bytes(5, 200);
  const Bytes stored = compressed(files, Effort::standard, {}, plain);
  for (std::size_t cut = 0; cut < stored.size(); ++cut) check_refused(ByteSpan(stored).first(cut), {}, plain.size());
}

TEST_CASE("what is stored behind the frame, a second frame even, is refused") {
  const TempFolder files;
  const Bytes plain = noise_bytes(6, 5000);
  Bytes stored = compressed(files, Effort::fast, {}, plain);
  const Bytes once = stored;
  stored.push_back(std::byte{0});
  check_refused(stored, {}, plain.size());
  stored = once;
  stored.insert(stored.end(), once.begin(), once.end());
  check_refused(stored, {}, plain.size());
  check_refused(stored, {}, 2 * plain.size());
}

TEST_CASE("a skippable frame is no pack, not even an empty one") {
  const TempFolder files;
  CHECK(expanded(compressed(files, Effort::fast, {}, {}), {}, 0) == Bytes());
  ByteWriter w;
  w.u32(0x184D2A50);
  w.u32(3);
  w.raw(as_bytes("abc"));
  check_refused(w.take(), {}, 0);
  check_refused({}, {}, 0);
}

TEST_CASE("a frame must say how much it holds, and its record must say the same") {
  const TempFolder files;
  const Bytes plain = noise_bytes(7, 5000);
  const Bytes stored = compressed(files, Effort::fast, {}, plain);
  for (const std::uint64_t says : {std::uint64_t{0}, std::uint64_t{4999}, std::uint64_t{5001}, ~std::uint64_t{0}})
    check_refused(stored, {}, says);
  // As a stream of unknown length.
  ZSTD_CCtx* context = ZSTD_createCCtx();
  Bytes silent(10'000);
  ZSTD_inBuffer in{plain.data(), plain.size(), 0};
  ZSTD_outBuffer out{silent.data(), silent.size(), 0};
  REQUIRE(ZSTD_isError(ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue)) == 0);
  REQUIRE(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end) == 0);
  ZSTD_freeCCtx(context);
  check_refused(ByteSpan(silent).first(out.pos), {}, plain.size());
}
