// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/layout_profile.h"

#include <catch2/catch.hpp>

namespace patchferry {

namespace {

const std::string kKhash = "0123456789abcdef0123456789abcdef01234567";
const std::string kBuildId = "7f3c0011aabbccdd";

RelPath path(const std::string& text) {
  INFO(text);
  const auto parsed = RelPath::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

Place place(const std::string& product, const std::string& text) { return place_of(product, path(text)); }

}  // namespace

TEST_CASE("a kernel patch lies beneath its khash and level") {
  const auto p = place("kernel", kKhash + "/27/kpatch.bin");
  CHECK(p.kind == Place::Kind::level_file);
  CHECK(p.ident == kKhash);
  CHECK(p.level == 27);
  CHECK(p.name == "kpatch.bin");
  CHECK(place("kernel", kKhash + "/27/deep/er/file").name == "deep/er/file");
}

TEST_CASE("a user-space patch lies beneath its build id and level") {
  for (const char* product : {"user", "qemu", "db"}) {
    const auto p = place(product, kBuildId + "/2021012902/kpatch.bin");
    CHECK(p.kind == Place::Kind::level_file);
    CHECK(p.ident == kBuildId);
    CHECK(p.level == 2021012902);
  }
  CHECK(place("user", kKhash + "/1/kpatch.bin").kind == Place::Kind::level_file);
  CHECK(place("user", std::string(8, 'a') + "/1/f").kind == Place::Kind::level_file);
  CHECK(place("user", std::string(128, 'a') + "/1/f").kind == Place::Kind::level_file);
}

TEST_CASE("a pointer lies beside the levels") {
  for (const char* name : {"latest", "latest.v1", "latest.v2", "latest.v3"}) {
    const auto p = place("kernel", kKhash + "/" + name);
    CHECK(p.kind == Place::Kind::pointer);
    CHECK(p.ident == kKhash);
    CHECK(p.name == name);
    CHECK(place("user", kBuildId + "/" + name).kind == Place::Kind::pointer);
  }
  CHECK(place("kernel", kKhash + "/27/latest").kind == Place::Kind::level_file);
}

TEST_CASE("version is served beside the levels") {
  const auto p = place("kernel", kKhash + "/version");
  CHECK(p.kind == Place::Kind::pointer);
  CHECK(p.name == "version");
}

TEST_CASE("everything else is known as other and so never served") {
  const std::string others[] = {"before",
                                "after",
                                "set-patch-server",
                                "latest",
                                "latest.v1",
                                kKhash,
                                kKhash + "/27",
                                kKhash + "/before",
                                kKhash + "/set-patch-server",
                                kKhash + "/latest.",
                                kKhash + "/latestx",
                                kKhash + "/Latest",
                                kKhash + "/027/kpatch.bin",
                                kKhash + "/00/f",
                                kKhash + "/4294967296/f",
                                kKhash + "/99999999999999999999/f",
                                kKhash + "/-1/f",
                                kKhash + "/1.0/f",
                                kKhash + "0/1/f",
                                kKhash.substr(1) + "/1/f",
                                "0123456789ABCDEF0123456789ABCDEF01234567/1/f",
                                "top/" + kKhash + "/1/f",
                                kBuildId + "/1/f"};
  for (const auto& text : others) {
    INFO(text);
    const auto p = place("kernel", text);
    CHECK(p.kind == Place::Kind::other);
    CHECK(p.ident.empty());
  }
  const std::string no_build_ids[] = {"aabbcc/1/f", "aabbccdde/1/f", std::string(130, 'a') + "/1/f", "aabbccdg/1/f"};
  for (const auto& text : no_build_ids) {
    INFO(text);
    CHECK(place("user", text).kind == Place::Kind::other);
  }
}

TEST_CASE("levels go from 0 to the largest 32-bit number") {
  CHECK(place("kernel", kKhash + "/0/f").kind == Place::Kind::level_file);
  CHECK(place("kernel", kKhash + "/4294967295/f").level == 4294967295U);
}

TEST_CASE("the top folder is taken off where it is there") {
  CHECK(beneath_top(path("a/b"), "")->text() == "a/b");
  CHECK(beneath_top(path("top/b/c"), "top")->text() == "b/c");
  CHECK_FALSE(beneath_top(path("top"), "top"));
  CHECK_FALSE(beneath_top(path("topper/b"), "top"));
}

TEST_CASE("kernels are served at the root and the rest beneath u") {
  CHECK(served_folder("kernel", kKhash) == kKhash);
  CHECK(served_folder("user", kBuildId) == "u/" + kBuildId);
  CHECK(served_folder("qemu", kBuildId) == "u/" + kBuildId);
}

TEST_CASE("a default pointer is a file for kernels and a link for user space") {
  const auto kernel = default_pointer("kernel", 27);
  CHECK(kernel.name == "latest.v1");
  CHECK_FALSE(kernel.is_link);
  CHECK(kernel.text == "27\n");
  const auto user = default_pointer("user", 2021012902);
  CHECK(user.name == "latest");
  CHECK(user.is_link);
  CHECK(user.text == "2021012902");
  CHECK(place("kernel", kKhash + "/" + kernel.name).kind == Place::Kind::pointer);
  CHECK(place("user", kBuildId + "/" + user.name).kind == Place::Kind::pointer);
}

}  // namespace patchferry
