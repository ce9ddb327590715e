// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/bzip2/packing.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "bundle-format/bzip2/bits.h"
#include "bundle-format/bzip2/packing_code.h"
#include "bundle-format/bzip2/suffix_order.h"
#include "bundle-format/bzip2/symbols.h"
#include "tests/unit/bzip2_files.h"
#include "tests/unit/tar_builder.h"

namespace patchferry {

using test::joined;
using test::packed_again;
using test::unpacked;

namespace {

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes out;
  for (const int v : values) out.push_back(static_cast<std::byte>(v));
  return out;
}

Bytes brief_packing(int level, std::uint64_t plain, bool at_once = false) {
  bzip2::PackingWriter writer;
  writer.libbz2_stream(static_cast<unsigned>(level), at_once, plain);
  return writer.encoded();
}

// libbz2 made `file` of `plain`, and so does the packer, knowing only level and length.
void check_same(const Bytes& plain, int level) {
  const Bytes in_pieces = test::bzip2_in_pieces(plain, level, 4999);
  const Bytes at_once = test::bzip2_at_once(plain, level);
  const auto made = packed_again(brief_packing(level, plain.size()), plain, 7001);
  CHECK(made.refused.empty());
  CHECK(made.file == in_pieces);
  if (at_once == in_pieces) return;
  const auto other = packed_again(brief_packing(level, plain.size(), true), plain, 7001);
  CHECK(other.refused.empty());
  CHECK(other.file == at_once);
}

}  // namespace

TEST_CASE("the packer makes what libbz2 makes, of data of every kind and at every level") {
  for (int level = 1; level <= 9; ++level) {
    const auto size = static_cast<std::size_t>(level) * 100'000;
    INFO("level " << level);
    check_same({}, level);
    check_same(test::random_bytes(1, 1), level);
    check_same(test::random_bytes(size + 77, 2), level);
    check_same(test::random_bytes(size + 5000, 3, 2), level);
    check_same(test::words(size + 100'001, 4), level);
    check_same(test::repeated("ab", size + 100), level);
    check_same(Bytes(3 * size), level);
  }
}

TEST_CASE("blocks end where libbz2 ends them, whatever run is at the edge and however long it is") {
  constexpr std::size_t kFull = 100'000 - 19;
  for (std::size_t run = 1; run <= 600; run += run < 8 || (run > 253 && run < 261) || (run > 508 && run < 512) ? 1 : 61) {
    for (std::size_t before = 0; before <= 6; before += before < 4 ? 1 : 2) {
      INFO("a run of " << run << ", " << before << " bytes before the block is full");
      Bytes plain = test::repeated("abc", kFull - before);
      plain.insert(plain.end(), run, std::byte{'x'});
      CHECK(packed_again(brief_packing(1, plain.size()), plain).file == test::bzip2_in_pieces(plain, 1, 5000));
      plain.insert(plain.end(), 3, std::byte{'y'});
      CHECK(packed_again(brief_packing(1, plain.size()), plain, 999).file == test::bzip2_in_pieces(plain, 1, 5000));
    }
  }
}

TEST_CASE("a file that ends just where a block is full comes out both ways in which libbz2 writes it") {
  for (std::size_t size = 99'975; size < 99'990; ++size) {
    INFO(size);
    const Bytes plain = test::repeated("abc", size);
    check_same(plain, 1);
    test::check_round_trip(test::bzip2_at_once(plain, 1), plain);
    test::check_round_trip(test::bzip2_in_pieces(plain, 1, 5000), plain);
  }
  const Bytes at_the_edge = test::repeated("abc", 99'982);
  REQUIRE(test::bzip2_at_once(at_the_edge, 1) != test::bzip2_in_pieces(at_the_edge, 1, 5000));
  CHECK(packed_again(brief_packing(1, 99'981, true), ByteSpan(at_the_edge).first(99'981)).refused == "malformed");
}

TEST_CASE("runs of every length are counted the same however the bytes are handed on") {
  Bytes plain;
  for (std::size_t run = 1; run <= 600; ++run) plain.insert(plain.end(), run, static_cast<std::byte>(run % 7));
  plain = joined(joined(plain, plain), plain);
  const Bytes file = test::bzip2_in_pieces(plain, 1, 5000);
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 8U, 9U, 63U, 255U, 256U, 70'000U}) {
    INFO(piece);
    CHECK(packed_again(brief_packing(1, plain.size()), plain, piece).file == file);
  }
  const Bytes edges = test::words(250'000, 9);
  for (const std::size_t piece : {1U, 8U, 13U, 99'999U})
    CHECK(packed_again(brief_packing(1, edges.size()), edges, piece).file == test::bzip2_in_pieces(edges, 1, 5000));
}

TEST_CASE("suffixes are put in the order that comparing them gives") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    const Bytes text = test::random_bytes(1 + seed % 90, seed, 1 + seed % 5);
    std::vector<std::int32_t> expected(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) expected[i] = static_cast<std::int32_t>(i);
    std::ranges::sort(expected, [&](std::int32_t a, std::int32_t b) {
      return std::ranges::lexicographical_compare(ByteSpan(text).subspan(static_cast<std::size_t>(a)),
                                                  ByteSpan(text).subspan(static_cast<std::size_t>(b)));
    });
    INFO("seed " << seed);
    CHECK(bzip2::suffix_order(text) == expected);
    Bytes least = text;
    Bytes rotated = text;
    for (std::size_t i = 0; i < text.size(); ++i) {
      std::rotate(rotated.begin(), rotated.begin() + 1, rotated.end());
      least = std::min(least, rotated);
    }
    std::rotate(rotated.begin(), rotated.begin() + static_cast<std::ptrdiff_t>(bzip2::least_rotation(text)), rotated.end());
    CHECK(rotated == least);
  }
}

TEST_CASE("too few or too many plain bytes for a packing are refused") {
  const Bytes plain = test::words(300'000, 1);
  const Bytes packing = brief_packing(1, plain.size());
  CHECK(packed_again(packing, plain).refused.empty());
  CHECK(packed_again(packing, ByteSpan(plain).first(plain.size() - 1)).refused == "malformed");
  CHECK(packed_again(packing, joined(plain, as_bytes("x"))).refused == "malformed");
  CHECK(packed_again(packing, {}).refused == "malformed");
  CHECK(packed_again(brief_packing(1, 0), as_bytes("x")).refused == "malformed");
}

TEST_CASE("packings that no unpacker writes are refused") {
  const auto refused = [](std::initializer_list<int> bytes) { return packed_again(bytes_of(bytes), {}).refused; };
  CHECK(refused({0x19, 0, 1}).empty());
  CHECK(refused({}) == "malformed");
  CHECK(refused({0x19}) == "malformed");
  CHECK(refused({0x19, 0}) == "malformed");
  CHECK(refused({0x19, 0, 0}) == "malformed");              // no stream
  CHECK(refused({0x19, 0x80, 0, 1}) == "malformed");        // a number written too long
  CHECK(refused({0x19, 0, 1, 0x19, 0, 1}) == "malformed");  // two rows where one would do
  CHECK(refused({0x10, 0, 1}) == "malformed");              // level 0
  CHECK(refused({0x1a, 0, 1}) == "malformed");              // level 10
  CHECK(refused({0x29, 0, 1}) == "malformed");              // at once, of nothing
  CHECK(refused({0x59, 0, 1}) == "malformed");              // no such row
  CHECK(refused({0x40, 1, 'x'}) == "malformed");            // begins with literal bytes
  CHECK(refused({0x19, 0, 1, 0x40, 1, 'x'}).empty());
  CHECK(refused({0x19, 0, 1, 0x40, 0}) == "malformed");
  CHECK(refused({0x19, 0, 1, 0x40, 2, 'x'}) == "malformed");
  CHECK(refused({0x19, 0, 1, 0x40, 1, 'x', 0x19, 0, 1}) == "malformed");  // goes on behind them
  CHECK(refused({0x19, 0, 0x81, 0x80, 4}) == "malformed");                // 65,537 empty streams
  CHECK(refused({0x39, 0, 0}).empty());
  CHECK(refused({0x39, 0, 0x80}) == "malformed");           // padding of eight bits
  CHECK(refused({0x39, 1, 1, 0, 0}) == "malformed");        // a block of nothing
  CHECK(refused({0x39, 1, 5, 1, 0}) == "malformed");        // no such block
  CHECK(refused({0x39, 1, 4, 1, 8, 0, 0}) == "malformed");  // too few bits for a block
  CHECK(refused({0x19, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1}) == "malformed");
  CHECK(refused({0x19, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f}) == "malformed");  // too many plain bytes in all
}

TEST_CASE("a choice may have 2^18 bits, and no more") {
  for (const unsigned wander : {65'526U, 65'527U}) {
    // Two tables; the lengths of the second go up and down for long before they say 3 of each symbol.
    bzip2::BitWriter choice;
    choice.put(2, 3);
    choice.put(1, 15);
    choice.put(0, 1);
    choice.put(3, 5);
    choice.put(0, 5);
    choice.put(3, 5);
    for (unsigned i = 0; i < wander; ++i) choice.put(0b1011, 4);
    choice.put(0, 5);
    bzip2::BlockRow row{.kind = bzip2::BlockKind::short_runs, .plain = 3};
    row.bit_count = choice.bits();
    const Bytes bits = choice.finish();
    row.bits = bits;
    Bytes blocks;
    bzip2::PackingWriter::add_block(blocks, row);
    bzip2::PackingWriter writer;
    writer.other_stream(9, 1, blocks, 0);
    const auto made = packed_again(writer.encoded(), as_bytes("abc"));
    CHECK(made.refused == (row.bit_count <= (1U << 18) ? "" : "malformed"));
    if (made.refused.empty()) CHECK(unpacked(made.file).plain == bytes_of({'a', 'b', 'c'}));
  }
}

TEST_CASE("a choice or padding that does not fit the plain bytes is refused") {
  const auto refused = [](std::initializer_list<int> bytes) { return packed_again(bytes_of(bytes), as_bytes("abc")).refused; };
  CHECK(refused({0x39, 1, 1, 3, 0}).empty());
  CHECK(refused({0x39, 1, 2, 3, 40, 0, 0, 0, 0, 0, 0}) == "malformed");
  CHECK(refused({0x39, 1, 3, 3, 40, 255, 255, 255, 255, 255, 0}) == "malformed");
  CHECK(refused({0x39, 1, 4, 3, 40, 1, 2, 3, 4, 5, 0}).empty());
  // The padding is larger than what the last byte has left.
  int fitting = 0;
  for (int padding = 0; padding < 128; ++padding)
    if (refused({0x39, 1, 1, 3, padding}).empty()) ++fitting;
  CHECK((fitting == 1 || fitting == 2 || fitting == 4 || fitting == 8 || fitting == 16 || fitting == 32 || fitting == 64));
  Bytes long_block = bytes_of({0x31, 1, 1, 0xc0, 0x9a, 0x0c, 0});  // libbz2 makes two blocks of 200,000 bytes at level 1
  CHECK(packed_again(long_block, test::random_bytes(200'000, 1)).refused == "malformed");
}

TEST_CASE("a packer can be left half way, and what write throws comes out") {
  const Bytes plain = test::random_bytes(5'000'000, 1);
  for (const std::size_t given : {std::size_t{0}, std::size_t{1}, std::size_t{899'981}, std::size_t{1'000'000}, plain.size()}) {
    auto packer = Bzip2Packer::open(brief_packing(9, plain.size()), [](ByteSpan) {});
    REQUIRE(packer);
    packer->add(ByteSpan(plain).first(given));
  }
  auto packer = Bzip2Packer::open(brief_packing(1, plain.size()), [](ByteSpan) { throw std::runtime_error("disk full"); });
  REQUIRE(packer);
  const auto all = [&] {
    packer->add(plain);
    (void)packer->finish();
  };
  CHECK_THROWS_WITH(all(), "disk full");
}

}  // namespace patchferry
