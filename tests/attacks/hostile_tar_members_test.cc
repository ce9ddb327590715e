// SPDX-License-Identifier: Apache-2.0
// Members that no patchset may hold, each refused by its kind, and the few odd things that are let through.
#include <catch2/catch.hpp>

#include "bundle-format/archive/member_names.h"
#include "tests/unit/read_archives.h"

using namespace patchferry;
using namespace patchferry::test;

TEST_CASE("members that no patchset may hold are refused as hostile") {
  const auto kind = [](const TarBuilder& tar) { return kind_of_tar(tar.finish()); };
  for (const std::string name : {"/etc/passwd", "../x", "a/../b", "a/..", "..", "./../x", "//x"}) {
    INFO(name);
    CHECK(kind(TarBuilder().file(name, "x")) == "hostile-member");
    CHECK(kind(TarBuilder().folder(name + "/")) == "hostile-member");
    CHECK(kind(TarBuilder().symlink(name + "/latest", "1")) == "hostile-member");
  }
  CHECK(kind(TarBuilder().file("", "x")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a/f", "x").hardlink("a/g", "a/f")) == "hostile-member");
  CHECK(kind(TarBuilder().hardlink("a/latest", "1")) == "hostile-member");
  for (const char type : {'3', '4', '6'}) CHECK(kind(TarBuilder().device("a/d", type)) == "hostile-member");
  CHECK(kind(TarBuilder().pax("path", "/etc/x").file("fine", "x")) == "hostile-member");
  CHECK(kind(TarBuilder().pax("path", "../x").file("fine", "x")) == "hostile-member");
  CHECK(kind(TarBuilder().pax("linkpath", "/etc").symlink("a/latest", "1")) == "hostile-member");
}

TEST_CASE("only links named latest to a bare level get through") {
  const auto kind = [](const std::string& name, const std::string& text) {
    return kind_of_tar(TarBuilder().symlink(name, text).finish());
  };
  CHECK(kind("id/latest", "2021012902") == "accepted");
  CHECK(kind("top/id/latest.v1", "0") == "accepted");
  for (const std::string text : {"", "/etc", "..", "../1", "1/2", "1 ", "a1", "12345678901", "-1", "1\n"}) {
    INFO(text);
    CHECK(kind("id/latest", text) == "hostile-member");
  }
  for (const std::string name : {"latest", "id/latestx", "id/latest.", "id/Latest", "id/current", "id/latest/x"}) {
    INFO(name);
    CHECK(kind(name, "27") == "hostile-member");
  }
}

TEST_CASE("names outside the grammar are refused as bad names") {
  const std::string names[] = {"a b",
                               "a//b",
                               "a/./b",
                               "././a",
                               "a\nb",
                               "\x1b[31m",
                               "\xe2\x80\xae",
                               "\xff\xfe",
                               "a\\b",
                               "a:b",
                               "~",
                               std::string(256, 'a'),
                               "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q"};
  for (const auto& name : names) {
    INFO(name);
    CHECK(kind_of_tar(TarBuilder().file(name, "x").finish()) == "bad-name");
    CHECK(kind_of_tar(TarBuilder().folder(name).finish()) == "bad-name");
  }
  CHECK(kind_of_tar(TarBuilder().pax("path", "caf\xc3\xa9").file("fine", "x").finish()) == "bad-name");
  CHECK(kind_of_tar(TarBuilder().pax("path", "\xff").file("fine", "x").finish()) == "bad-name");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "d/";
  CHECK(kind_of_tar(TarBuilder().file(deep + "f", "x").finish()) == "bad-name");
}

TEST_CASE("two members never share a place") {
  const auto kind = [](const TarBuilder& tar) { return kind_of_tar(tar.finish()); };
  CHECK(kind(TarBuilder().file("a/f", "1").file("a/f", "2")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a/f", "1").file("./a/f", "2")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a/f", "1").file("a/F", "2")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a/f", "1").file("A/g", "2")) == "hostile-member");
  CHECK(kind(TarBuilder().folder("a/").folder("a/")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a", "1").file("a/f", "2")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a/f", "1").file("a", "2")) == "hostile-member");
  CHECK(kind(TarBuilder().folder("a/").file("a", "2")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a", "1").folder("a/")) == "hostile-member");
  CHECK(kind(TarBuilder().symlink("a/latest", "1").file("a/latest", "1")) == "hostile-member");
  CHECK(kind(TarBuilder().symlink("a/latest", "1").file("a/latest/x", "1")) == "hostile-member");
  CHECK(kind(TarBuilder().file("a/f", "1").folder("a/").file("a/g", "2")) == "accepted");
}

TEST_CASE("setuid bits and device numbers of a file change nothing") {
  TarBuilder tar;
  tar.header({.name = "a/f", .size = 1, .mode_field = "0006777"}).content("x");
  CHECK(read_tar(tar.finish()).log == "a/f=x;");
}

TEST_CASE("impossible sizes are refused") {
  const auto kind = [](const std::string& field) {
    TarBuilder tar;
    tar.header({.name = "a/f", .size_field = field}).content("x");
    return kind_of_tar(tar.finish());
  };
  CHECK(kind("77777777777") == "too-large");  // 8 GiB − 1
  CHECK(kind(std::string("\x80\0\0\0\x3f\xff\xff\xff\xff\xff\xff\xff", 12)) == "too-large");
  CHECK(kind(std::string("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12)) == "not-an-archive");  // overflows with its padding
  CHECK(kind(std::string("\x80\0\0\0\0\0\0\x01\0\0\0\0", 12)) == "too-large");                     // 2^32
  CHECK(kind(std::string(12, '\xff')) == "not-an-archive");                                        // −1
  CHECK(kind(std::string("\x80\0\0\0\x80\0\0\0\0\0\0\0", 12)) != "accepted");                      // 2^63
  CHECK(kind("-0000000001") == "not-an-archive");
  for (const std::string size : {"-1", "18446744073709551615", "9223372036854775808"}) {
    INFO(size);
    CHECK(kind_of_tar(TarBuilder().pax("size", size).file("a/f", "x").finish()) != "accepted");
  }
  CHECK(kind_of_tar(TarBuilder().pax("size", "4611686018427387903").file("a/f", "x").finish()) == "too-large");
  CHECK(kind_of_tar(TarBuilder().pax("size", "9223372036854775807").file("a/f", "x").finish()) == "not-an-archive");
}

TEST_CASE("a sparse file comes out with its holes filled") {
  // GNU.sparse 0.1: the map is in the pax header, the data are what is left of the file.
  const auto sparse = [](const std::string& map, const std::string& size) {
    const auto record = [](const std::string& key, const std::string& value) {
      const std::string rest = " " + key + "=" + value + "\n";
      std::size_t length = rest.size() + 1;
      while (std::to_string(length).size() + rest.size() != length) ++length;
      return std::to_string(length) + rest;
    };
    const std::string records = record("GNU.sparse.size", size) + record("GNU.sparse.numblocks", "2") +
                                record("GNU.sparse.map", map) + record("GNU.sparse.name", "a/f");
    TarBuilder tar;
    tar.header({.name = "PaxHeaders/f", .type = 'x', .size = records.size()}).content(records);
    return tar.file("GNUSparseFile.0/f", "onetwo").finish();
  };
  const auto read = read_tar(sparse("2,3,7,3", "12"));
  REQUIRE(read.facts);
  CHECK(read.log == std::string("a/f=\0\0one\0\0two\0\0;", 17));
  CHECK(kind_of_tar(sparse("2,3,7,3", "1048577")) == "too-large");
  CHECK(kind_of_tar(sparse("7,3,2,3", "12")) == "hostile-member");
  CHECK(kind_of_tar(sparse("0,3,1,3", "12")) == "hostile-member");
  CHECK(kind_of_tar(sparse("2,3,7,3", "9")) == "hostile-member");
  CHECK(kind_of_tar(sparse("2,-3,7,3", "12")) != "accepted");
}

TEST_CASE("data behind the end of the tar are refused") {
  const Bytes tar = small_tar().finish();
  CHECK(kind_of_tar(joined(tar, Bytes(9 * 512))) == "accepted");
  CHECK(kind_of_tar(joined(tar, as_bytes("x"))) == "hostile-member");
  CHECK(kind_of_tar(joined(tar, TarBuilder().file("later", "x").finish())) == "hostile-member");
  CHECK(kind_of_tar(joined(joined(tar, Bytes(300'000)), as_bytes("x"))) == "hostile-member");
}

TEST_CASE("too many members are refused, as are too many folders that are only implied") {
  TarBuilder many;
  for (std::uint64_t i = 0; i <= kMaxMembers; ++i) many.header({.name = "m/" + std::to_string(i)});
  CHECK(kind_of(read_packed(packed(many.finish(), Packing::gzip), Compression::gzip, {1ULL << 30}).facts) == "too-large");

  TarBuilder deep;
  for (std::uint64_t i = 0; i <= kMaxMembers / 15; ++i)
    deep.header({.name = std::to_string(i) + "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/f"});
  CHECK(kind_of(read_packed(packed(deep.finish(), Packing::gzip), Compression::gzip, {1ULL << 30}).facts) == "too-large");
}
