// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/bzip2_files.h"

#include <algorithm>
#include <array>
#include <bzlib.h>
#include <catch2/catch.hpp>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>
#include <random>

#include "bundle-format/bzip2/packing.h"
#include "tests/temp_folder.h"
#include "tests/unit/tar_builder.h"

namespace patchferry::test {

Bytes random_bytes(std::size_t size, std::uint64_t seed, unsigned symbols) {
  std::mt19937_64 random(seed);
  Bytes out(size);
  for (auto& b : out) b = static_cast<std::byte>((random() >> 20) % symbols);
  return out;
}

Bytes words(std::size_t size, std::uint64_t seed) {
  static constexpr std::array<std::string_view, 9> kWords{"patch ", "kernel ",    "the ",       "a ",  "    ",
                                                          "\n",     "livepatch_", "0000000000", "if ("};
  std::mt19937_64 random(seed);
  Bytes out;
  while (out.size() < size) {
    const auto word = as_bytes(kWords[(random() >> 20) % kWords.size()]);
    out.insert(out.end(), word.begin(), word.end());
  }
  out.resize(size);
  return out;
}

Bytes repeated(std::string_view text, std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>(text[i % text.size()]);
  return out;
}

Bytes bzip2_at_once(ByteSpan plain, int level) {
  if (plain.empty()) return bzip2_in_pieces(plain, level, 1);  // libbz2 wants a place, even for nothing
  Bytes in(plain.begin(), plain.end());
  Bytes out(plain.size() + plain.size() / 50 + 1000);
  auto size = static_cast<unsigned>(out.size());
  const int result = BZ2_bzBuffToBuffCompress(reinterpret_cast<char*>(out.data()), &size, reinterpret_cast<char*>(in.data()),
                                              static_cast<unsigned>(in.size()), level, 0, 0);
  REQUIRE(result == BZ_OK);
  out.resize(size);
  return out;
}

Bytes bzip2_in_pieces(ByteSpan plain, int level, std::size_t piece) {
  Bytes in(plain.begin(), plain.end());
  bz_stream stream{};
  REQUIRE(BZ2_bzCompressInit(&stream, level, 0, 0) == BZ_OK);
  Bytes out(plain.size() + plain.size() / 50 + 1000);
  stream.next_out = reinterpret_cast<char*>(out.data());
  stream.avail_out = static_cast<unsigned>(out.size());
  for (std::size_t at = 0; at < in.size(); at += piece) {
    stream.next_in = reinterpret_cast<char*>(in.data() + at);
    stream.avail_in = static_cast<unsigned>(std::min(piece, in.size() - at));
    REQUIRE(BZ2_bzCompress(&stream, BZ_RUN) == BZ_RUN_OK);
  }
  REQUIRE(BZ2_bzCompress(&stream, BZ_FINISH) == BZ_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  BZ2_bzCompressEnd(&stream);
  return out;
}

Bytes made_by(const std::string& command, ByteSpan plain) {
  const TempFolder folder;
  const std::string in = folder / "plain";
  const std::string out = folder / "packed.bz2";
  write_all(open_file(in, O_WRONLY | O_CREAT), plain);
  const std::string line = fmt::format(fmt::runtime(command), fmt::arg("in", in), fmt::arg("out", out));
  INFO(line);
  REQUIRE(std::system(line.c_str()) == 0);
  const auto made = read_whole(out, 1 << 30);
  REQUIRE(made);
  REQUIRE_FALSE(made->empty());
  return *made;
}

Unpacked unpacked(ByteSpan file, Care care) {
  const Fd fd = memory_file(file);
  std::uint64_t progress = 0;
  Bzip2Unpacker unpacker(fd, care, [&](std::uint64_t n) { progress += n; });
  Unpacked out;
  for (;;) {
    const auto part = unpacker.next();
    if (!part) {
      out.refused = name_of(part.error().kind);
      return out;
    }
    if (part->empty()) break;
    out.plain.insert(out.plain.end(), part->begin(), part->end());
  }
  CHECK(progress == file.size());
  out.packing = unpacker.packing();
  out.literal_bytes = unpacker.literal_bytes();
  return out;
}

Packed packed_again(ByteSpan packing, ByteSpan plain, std::size_t piece) {
  Packed out;
  auto packer = Bzip2Packer::open(packing, [&](ByteSpan part) { out.file.insert(out.file.end(), part.begin(), part.end()); });
  if (!packer) {
    out.refused = name_of(packer.error().kind);
    return out;
  }
  for (std::size_t at = 0; at < plain.size(); at += piece) packer->add(plain.subspan(at, std::min(piece, plain.size() - at)));
  if (const auto finished = packer->finish(); !finished) out.refused = name_of(finished.error().kind);
  return out;
}

void check_round_trip(ByteSpan file, ByteSpan plain, Care care) {
  const auto off = unpacked(file, care);
  REQUIRE(off.refused.empty());
  CHECK(std::ranges::equal(off.plain, plain));
  const auto on = packed_again(off.packing, plain);
  CHECK(on.refused.empty());
  CHECK(std::ranges::equal(on.file, file));
}

}  // namespace patchferry::test
