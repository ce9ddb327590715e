// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/bzip2/unpacking.h"

#include <algorithm>
#include <array>
#include <bzlib.h>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include "bundle-format/bzip2/bits.h"
#include "bundle-format/bzip2/packing.h"
#include "bundle-format/bzip2/symbols.h"
#include "tests/unit/bzip2_files.h"
#include "tests/unit/tar_builder.h"

namespace patchferry {

using test::check_round_trip;
using test::joined;
using test::memory_file;
using test::unpacked;

namespace {

Bytes small_file() { return test::bzip2_at_once(test::words(300, 1), 9); }

// Text, noise, runs that the programs take together differently, and a long stretch of zeros.
Bytes mixed_data() {
  Bytes plain = joined(test::words(1'500'000, 1), test::random_bytes(700'000, 2));
  for (std::size_t run = 1; run <= 600; ++run) plain.insert(plain.end(), run, static_cast<std::byte>(run % 5));
  return joined(joined(plain, test::words(300'000, 3)), Bytes(3'000'000));
}

Bytes full_of_magics() {
  Bytes out;
  for (int i = 0; i < 20'000; ++i) {
    const Bytes magic = {std::byte{0x31}, std::byte{0x41}, std::byte{0x59}, std::byte{0x26}, std::byte{0x53}, std::byte{0x59}};
    out.insert(out.end(), magic.begin(), magic.end());
    out.push_back(static_cast<std::byte>(i % 251));
  }
  return out;
}

// A stream of one block whose codes are bytes: 254 symbols have codes of eight bits, so that any bits can be written.
Bytes with_magics_in_a_block(int magics) {
  bzip2::BitWriter out;
  out.put(0x425a6839, 32);  // BZh9
  out.put(bzip2::kBlockMagic, 48);
  out.put(0, 32);  // the CRC comes later
  out.put(0, 25);  // not randomised; origin 0
  for (int i = 0; i < 17; ++i) out.put(0xffff, 16);
  const int symbols = magics * 7 + 1;
  const int selectors = (symbols + 49) / 50;
  out.put(2, 3);
  out.put(static_cast<unsigned>(selectors), 15);
  for (int i = 0; i < selectors; ++i) out.put(0, 1);
  for (int table = 0; table < 2; ++table) {
    out.put(8, 5);
    for (int symbol = 0; symbol < 254; ++symbol) out.put(0, 1);
    out.put(0b100, 3);  // one longer, from here on
    for (int symbol = 255; symbol < 258; ++symbol) out.put(0, 1);
  }
  for (int i = 0; i < magics; ++i) {
    out.put(bzip2::kBlockMagic, 48);
    out.put(static_cast<unsigned>(2 + i % 200), 8);
  }
  out.put(0x1ff, 9);  // the end
  out.put(bzip2::kEndMagic, 48);
  bzip2::BitWriter whole = out;
  whole.put(0, 32);
  Bytes file = whole.finish();

  // What libbz2 makes of it before it finds that the CRC is wrong tells the right one.
  Bytes plain(10'000'000);
  bz_stream stream{};
  REQUIRE(BZ2_bzDecompressInit(&stream, 0, 0) == BZ_OK);
  stream.next_in = reinterpret_cast<char*>(file.data());
  stream.avail_in = static_cast<unsigned>(file.size());
  stream.next_out = reinterpret_cast<char*>(plain.data());
  stream.avail_out = static_cast<unsigned>(plain.size());
  REQUIRE(BZ2_bzDecompress(&stream) == BZ_DATA_ERROR);
  plain.resize(plain.size() - stream.avail_out);
  BZ2_bzDecompressEnd(&stream);
  bzip2::BlockCrc crc;
  crc.add(plain);
  out.put(crc.value(), 32);
  file = out.finish();
  for (std::size_t i = 0; i < 4; ++i) file[10 + i] = static_cast<std::byte>((crc.value() >> (24 - 8 * i)) & 0xff);
  return file;
}

// Memory is that of the whole test program, so a bound on its growth.
void check_zeros(std::size_t mebibytes) {
  const Bytes mebibyte(1 << 20);
  const Bytes file = test::packed(mebibyte, test::Packing::bzip2, mebibytes);
  REQUIRE(file.size() < 1000);
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  const Fd fd = memory_file(file);
  Bzip2Unpacker unpacker(fd);
  std::uint64_t plain = 0;
  for (;;) {
    const auto part = unpacker.next();
    REQUIRE(part);
    if (part->empty()) break;
    plain += part->size();
  }
  CHECK(plain == mebibytes << 20);
  Bytes again;
  auto packer =
      Bzip2Packer::open(unpacker.packing(), [&](ByteSpan part) { again.insert(again.end(), part.begin(), part.end()); });
  REQUIRE(packer);
  for (std::size_t i = 0; i < mebibytes; ++i) packer->add(mebibyte);
  REQUIRE(packer->finish());
  CHECK(again == file);
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
#ifndef PATCHFERRY_SANITIZED  // AddressSanitizer keeps for a while what was freed
  CHECK(after.ru_maxrss - before.ru_maxrss < 64 << 10);
#endif
}

}  // namespace

TEST_CASE("what bzip2 wrote at any level comes off, and on again from a few bytes") {
  const Bytes plain = mixed_data();
  for (const int level : {1, 2, 5, 9}) {
    INFO("level " << level);
    const Bytes file = test::made_by(fmt::format("bzip2 -{} -c {{in}} > {{out}}", level), plain);
    check_round_trip(file, plain);
    CHECK(unpacked(file).packing.size() < 10);
    CHECK(unpacked(file, Care::every_block).packing == unpacked(file).packing);
  }
}

TEST_CASE("pbzip2's many streams are one row") {
  const Bytes plain = mixed_data();
  const Bytes file = test::made_by("pbzip2 -1 -b1 -p2 -c {in} > {out}", plain);
  check_round_trip(file, plain);
  check_round_trip(file, plain, Care::every_block);
  CHECK(unpacked(file).packing.size() < 16);
}

TEST_CASE("Python's module writes what bzip2 writes") {
  const Bytes plain = test::words(1'200'000, 5);
  check_round_trip(
      test::made_by("python3 -c 'import bz2; open(\"{out}\", \"wb\").write(bz2.compress(open(\"{in}\", \"rb\").read()))'", plain),
      plain);
}

TEST_CASE("what other encoders chose is recorded, and is small") {
  const Bytes plain = mixed_data();
  for (const std::string command : {"lbzip2 -n2 -c {in} > {out}", "lbzip2 -1 -n2 -c {in} > {out}",
                                    "7z a -tbzip2 {out} {in} > /dev/null", "7z a -tbzip2 -mx=9 {out} {in} > /dev/null"}) {
    INFO(command);
    const Bytes file = test::made_by(command, plain);
    check_round_trip(file, plain);
    check_round_trip(file, plain, Care::every_block);
    const auto off = unpacked(file, Care::every_block);
    CHECK(off.packing.size() < file.size() / 25);
    CHECK(off.literal_bytes < 4096);
  }
}

TEST_CASE("streams of different makers behind one another come through with care") {
  const Bytes plain = test::words(300'000, 7);
  const Bytes by_lbzip2 = test::made_by("lbzip2 -c {in} > {out}", plain);
  const Bytes file = joined(joined(test::bzip2_at_once(plain, 9), by_lbzip2), test::bzip2_at_once(plain, 3));
  check_round_trip(file, joined(joined(plain, plain), plain), Care::every_block);
  check_round_trip(joined(by_lbzip2, test::bzip2_at_once(plain, 3)), joined(plain, plain));
}

TEST_CASE("a flushed stream has edges where libbz2 would put none") {
  Bytes plain = test::words(50'000, 7);
  bz_stream stream{};
  REQUIRE(BZ2_bzCompressInit(&stream, 9, 0, 0) == BZ_OK);
  Bytes file(100'000);
  stream.next_out = reinterpret_cast<char*>(file.data());
  stream.avail_out = static_cast<unsigned>(file.size());
  for (int i = 0; i < 2; ++i) {
    stream.next_in = reinterpret_cast<char*>(plain.data());
    stream.avail_in = static_cast<unsigned>(plain.size());
    REQUIRE(BZ2_bzCompress(&stream, BZ_FLUSH) == BZ_RUN_OK);
  }
  REQUIRE(BZ2_bzCompress(&stream, BZ_FINISH) == BZ_STREAM_END);
  file.resize(file.size() - stream.avail_out);
  BZ2_bzCompressEnd(&stream);
  check_round_trip(file, joined(plain, plain));
  CHECK(unpacked(file).packing.size() < 20);
}

TEST_CASE("empty streams, streams in a row and bytes behind them come through") {
  const Bytes empty = test::bzip2_at_once({}, 9);
  const Bytes plain = test::words(1000, 1);
  const Bytes file = test::bzip2_at_once(plain, 9);
  check_round_trip(empty, {});
  check_round_trip(joined(empty, empty), {});
  check_round_trip(joined(joined(empty, file), empty), plain);
  check_round_trip(joined(file, file), joined(plain, plain));
  check_round_trip(joined(file, as_bytes("trailing rubbish")), plain);
  check_round_trip(joined(file, Bytes(100'000)), plain);
  CHECK(unpacked(joined(file, as_bytes("rubbish"))).literal_bytes == 7);
  Bytes many;
  for (int i = 0; i < 300; ++i) many = joined(many, file);
  const auto off = unpacked(many);
  CHECK(off.plain.size() == 300 * plain.size());
  CHECK(off.packing.size() < 10);
  CHECK(unpacked({}).refused == "not-an-archive");
  CHECK(unpacked(as_bytes("x")).refused == "not-an-archive");
  CHECK(unpacked(as_bytes("BZh9 is how this text begins, and no more")).refused == "not-an-archive");
  for (const std::string_view more : {"B", "BZ", "BZh", "BZh9", "BZh91AY&SY", "BZh9 and something else than a stream", "BZhx"}) {
    INFO(more);
    CHECK(unpacked(joined(file, as_bytes(more))).refused == "truncated");
  }
}

TEST_CASE("too many empty streams have no packing") {
  const Bytes empty = test::bzip2_at_once({}, 9);
  Bytes file;
  for (int i = 0; i < (1 << 16) + 1; ++i) file.insert(file.end(), empty.begin(), empty.end());
  const auto off = unpacked(file);
  CHECK(off.refused.empty());
  CHECK(off.packing.empty());
  check_round_trip(ByteSpan(file).subspan(empty.size()), {});
}

TEST_CASE("magics in plain data and in bits that nobody can compress mislead nobody") {
  const Bytes plain = full_of_magics();
  check_round_trip(test::bzip2_at_once(plain, 9), plain);
  // A bzip2 file in a bzip2 file; and behind a stream, more false beginnings than are let pass.
  const Bytes inner = test::bzip2_at_once(test::random_bytes(300'000, 1), 1);
  check_round_trip(test::bzip2_at_once(inner, 1), inner);
  const Bytes file = test::bzip2_at_once(test::random_bytes(250'000, 1), 1);
  check_round_trip(joined(file, plain), test::random_bytes(250'000, 1));
}

TEST_CASE("false magics within a block's bits are passed over, however many there are") {
  for (const int magics : {1, 20, 3000}) {
    INFO(magics);
    const Bytes file = with_magics_in_a_block(magics);
    Bytes plain;
    for (const auto care : {Care::first_block, Care::every_block}) {
      const auto off = unpacked(file, care);
      REQUIRE(off.refused.empty());
      CHECK(off.plain.size() >= static_cast<std::size_t>(magics) * 6);
      CHECK(test::packed_again(off.packing, off.plain).file == file);
    }
    const Bytes honest = test::bzip2_at_once(test::random_bytes(450'000, 1), 1);
    const Bytes around = joined(joined(honest, file), honest);
    const auto off = unpacked(around, Care::every_block);
    REQUIRE(off.refused.empty());
    CHECK(test::packed_again(off.packing, off.plain).file == around);
  }
}

TEST_CASE("a bzip2 file cut short at any byte is refused") {
  const Bytes file = small_file();
  for (std::size_t n = 0; n < file.size(); ++n) {
    INFO(n);
    const auto kind = unpacked(ByteSpan(file).first(n)).refused;
    CHECK((kind == "truncated" || (kind == "not-an-archive" && n < 4)));
    const auto second = unpacked(joined(file, ByteSpan(file).first(n))).refused;
    CHECK(second == (n == 0 ? "" : "truncated"));
  }
}

TEST_CASE("no flipped bit of a bzip2 file is taken for other contents, and what is accepted comes out again") {
  const Bytes plain = test::words(300, 1);
  Bytes file = joined(small_file(), test::bzip2_at_once(as_bytes("more"), 1));
  const Bytes all = joined(plain, as_bytes("more"));
  int accepted = 0;
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      const auto mask = static_cast<std::byte>(1 << bit);
      file[at] ^= mask;
      const auto off = unpacked(file, Care::every_block);
      INFO("byte " << at << " bit " << bit);
      if (off.refused.empty()) {
        ++accepted;
        CHECK(std::ranges::equal(off.plain, ByteSpan(all).first(off.plain.size())));
        CHECK(test::packed_again(off.packing, off.plain).file == file);
      } else {
        CHECK((off.refused == "truncated" || off.refused == "not-an-archive"));
      }
      file[at] ^= mask;
    }
  }
  CHECK(accepted > 0);  // the level, padding, and the second stream's name
}

TEST_CASE("200 MiB of zeros come off and on in little memory") { check_zeros(200); }

TEST_CASE("a gibibyte of zeros comes off and on in little memory", "[slow]") { check_zeros(1024); }

TEST_CASE("an unpacker can be left half way") {
  const Bytes file = test::bzip2_at_once(test::random_bytes(3'000'000, 1), 1);
  for (int parts = 0; parts < 40; parts += 3) {
    const Fd fd = memory_file(file);
    Bzip2Unpacker unpacker(fd);
    for (int i = 0; i < parts; ++i) REQUIRE(unpacker.next());
  }
}

TEST_CASE("a file that cannot be read is the machine's failure") {
  Fd folder = open_folder("/");
  Bzip2Unpacker unpacker(folder);
  CHECK_THROWS(unpacker.next());
}

}  // namespace patchferry
