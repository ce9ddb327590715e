// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/patchset_name.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

namespace patchferry {

namespace {

PatchsetName parsed(std::string_view text) {
  const auto name = parse_patchset_name(text);
  INFO(text);
  REQUIRE(name);
  return *name;
}

}  // namespace

TEST_CASE("every form of patchset name that the vendor has used is read") {
  struct Case {
    const char* text;
    const char* product;
    Date released;
    unsigned number;
  };
  const Case cases[] = {
      {"16012017_1", "kernel", {2017, 1, 16}, 1},     {"04082020_1", "kernel", {2020, 8, 4}, 1},
      {"K04082020_1", "kernel", {2020, 8, 4}, 1},     {"K20230712_03", "kernel", {2023, 7, 12}, 3},
      {"U20210129_02", "user", {2021, 1, 29}, 2},     {"U20210818_01-qemu", "qemu", {2021, 8, 18}, 1},
      {"U20210818_01-db", "db", {2021, 8, 18}, 1},    {"K20240229_9999", "kernel", {2024, 2, 29}, 9999},
      {"K20230712_0001", "kernel", {2023, 7, 12}, 1}, {"U20210818_1-0123456789abcdef", "0123456789abcdef", {2021, 8, 18}, 1},
      {"20122012_1", "kernel", {2012, 12, 20}, 1},    {"K20102010_1", "kernel", {2010, 10, 20}, 1},
      {"K31122099_1", "kernel", {2099, 12, 31}, 1},   {"K20100101_1", "kernel", {2010, 1, 1}, 1},
  };
  for (const auto& c : cases) {
    const auto name = parsed(c.text);
    CHECK(name.text == c.text);
    CHECK(name.product == c.product);
    CHECK(name.released == c.released);
    CHECK(name.number == c.number);
  }
}

TEST_CASE("what is not a patchset name is not taken for one") {
  const std::string_view bad[] = {"",
                                  "K",
                                  "U",
                                  "K20230712",
                                  "K20230712_",
                                  "_1",
                                  "K_1",
                                  "k20230712_03",
                                  "X20230712_03",
                                  "KK20230712_03",
                                  " K20230712_03",
                                  "K20230712_03 ",
                                  "K20230712_0",
                                  "K20230712_0000",
                                  "K20230712_00001",
                                  "K20230712_10000",
                                  "K20230712_-1",
                                  "K20230712_+1",
                                  "K20230712_1x",
                                  "K20230229_01",
                                  "K20231301_01",
                                  "K20230100_01",
                                  "K32012020_1",
                                  "K20091231_1",
                                  "K31122009_1",
                                  "K21000101_1",
                                  "K01012100_1",
                                  "K2023071_03",
                                  "K202307120_3",
                                  "K2023O712_03",
                                  "K20230712-03",
                                  "K20230712_03-qemu",
                                  "20200809_1-qemu",
                                  "U20210818_01-",
                                  "U20210818_01-Qemu",
                                  "U20210818_01-qemu-x",
                                  "U20210818_01-0123456789abcdefg",
                                  "U20210818_01-../x",
                                  "U20210818_01-user",
                                  "U20210818_01-kernel",
                                  "U20210818-qemu",
                                  "U20210818_-qemu",
                                  "K20230712_03\n",
                                  std::string_view("K20230712_03\0", 13),
                                  "K20230712_03.tar.bz2",
                                  "latest"};
  for (const auto text : bad) {
    INFO(text);
    CHECK_FALSE(parse_patchset_name(text));
  }
}

TEST_CASE("patchsets are ordered by date and number, not by their text") {
  const std::vector<std::string> right = {"K16012017_1", "K04082020_1",  "K16092020_9", "K16092020_10",
                                          "K31082021_2", "K20230712_03", "K20251112_06"};
  std::vector<PatchsetName> names;
  for (const auto& text : right) names.push_back(parsed(text));
  std::reverse(names.begin(), names.end());
  std::sort(names.begin(), names.end());
  for (std::size_t i = 0; i < right.size(); ++i) CHECK(names[i].text == right[i]);
}

TEST_CASE("names that differ in writing only are different patchsets in a fixed order") {
  CHECK_FALSE(parsed("K20230712_3") == parsed("K20230712_03"));
  CHECK(parsed("K20230712_03") < parsed("K20230712_3"));
}

TEST_CASE("an archive's name gives its patchset and its compression") {
  const auto bz2 = parse_archive_name("U20210818_01-qemu.tar.bz2");
  REQUIRE(bz2);
  CHECK(bz2->patchset.text == "U20210818_01-qemu");
  CHECK(bz2->patchset.product == "qemu");
  CHECK(bz2->file == "U20210818_01-qemu.tar.bz2");
  CHECK(bz2->compression == Compression::bzip2);

  const auto tgz = parse_archive_name("04082020_1.tgz");
  REQUIRE(tgz);
  CHECK(tgz->patchset.text == "04082020_1");
  CHECK(tgz->compression == Compression::gzip);
}

TEST_CASE("a file that is not named like an archive is refused as a bad name, with the grammar as a hint") {
  for (const std::string_view file : {"", ".tar.bz2", "K20230712_03", "K20230712_03.tar", "K20230712_03.tar.gz",
                                      "K20230712_03.TAR.BZ2", "K20230712_03.tar.bz2.tgz", "dir/K20230712_03.tar.bz2",
                                      "../K20230712_03.tar.bz2", "K20230712_03.tar.bz2\n", "K20230712_03 .tgz", "\x1b[31m.tgz"}) {
    INFO(file);
    const auto name = parse_archive_name(file);
    REQUIRE_FALSE(name);
    CHECK(name.error().kind == RefusalKind::bad_name);
    CHECK(name.error().hint.find("K20230712_03.tar.bz2") != std::string::npos);
    CHECK(name.error().text.find('\x1b') == std::string::npos);
  }
}

}  // namespace patchferry
