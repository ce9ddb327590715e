// SPDX-License-Identifier: Apache-2.0
// What is small and unpacks to much: it stops at the ceiling, in little memory.
#include <catch2/catch.hpp>

#include "tests/unit/read_archives.h"

using namespace patchferry;
using namespace patchferry::test;

TEST_CASE("an archive within an archive is not unpacked") {
  const Bytes tar = small_tar().finish();
  const Bytes once = packed(tar, Packing::bzip2);
  CHECK(kind_of(read_packed(packed(once, Packing::bzip2)).facts) == "not-an-archive");
  CHECK(kind_of(read_packed(packed(packed(tar, Packing::gzip), Packing::bzip2)).facts) == "not-an-archive");
  CHECK(kind_of(read_packed(packed(packed(tar, Packing::gzip), Packing::gzip), Compression::gzip).facts) == "not-an-archive");
  Bytes deep = tar;
  for (int i = 0; i < 40; ++i) deep = packed(deep, Packing::bzip2);
  CHECK(kind_of(read_packed(deep).facts) == "not-an-archive");

  const auto inner = read_tar(TarBuilder().file("inner.tar.bz2", as_text(once)).finish());
  REQUIRE(inner.facts);
  CHECK(inner.log == "inner.tar.bz2=" + std::string(as_text(once)) + ";");
}

TEST_CASE("a bomb stops at the ceiling") {
  const Bytes mebibyte(1 << 20);
  const Bytes part = packed(mebibyte, Packing::bzip2, 64);
  Bytes bomb;
  for (int i = 0; i < 16; ++i) bomb = joined(bomb, part);
  REQUIRE(bomb.size() < 10'000);  // 1 GiB
  TarBuilder head;
  head.header({.name = "zeros", .size = 1ULL << 30});
  const Bytes archive = joined(packed(head.unfinished(), Packing::bzip2), bomb);
  const Fd file = memory_file(archive);
  Counter sink;
  const auto declared = read_archive(file, Compression::bzip2, {16 << 20}, sink);
  REQUIRE_FALSE(declared);
  CHECK(declared.error().kind == RefusalKind::too_large);
  CHECK(sink.bytes == 0);

  // Nothing but zeros is a tar that ends at once; what is behind its end is unpacked for the checksums, and counted.
  CHECK(kind_of(read_packed(bomb, Compression::bzip2, {16 << 20}).facts) == "too-large");

  // Zeros behind the end of the tar expand as well.
  const Bytes hidden = joined(packed(small_tar().finish(), Packing::bzip2), bomb);
  CHECK(kind_of(read_packed(hidden, Compression::bzip2, {16 << 20}).facts) == "too-large");
}

TEST_CASE("the ceiling counts every byte of the tar") {
  const Bytes tar = small_tar().finish();
  const Bytes archive = packed(tar, Packing::bzip2);
  CHECK(kind_of(read_packed(archive, Compression::bzip2, {tar.size()}).facts) == "accepted");
  CHECK(kind_of(read_packed(archive, Compression::bzip2, {tar.size() - 1}).facts) == "too-large");
  CHECK(kind_of(read_packed(archive, Compression::bzip2, {0}).facts) == "too-large");
}

TEST_CASE("the unsigned ceiling is 64 GiB and 1000 times the input, small inputs exempt") {
  CHECK(unsigned_limits(0).expanded_bytes == 1ULL << 30);
  CHECK(unsigned_limits((1 << 20) - 1).expanded_bytes == 1ULL << 30);
  CHECK(unsigned_limits(1 << 20).expanded_bytes == 1000ULL << 20);
  CHECK(unsigned_limits(10 << 20).expanded_bytes == 10000ULL << 20);
  CHECK(unsigned_limits(1ULL << 30).expanded_bytes == 64ULL << 30);
  CHECK(unsigned_limits(~0ULL).expanded_bytes == 64ULL << 30);
}
