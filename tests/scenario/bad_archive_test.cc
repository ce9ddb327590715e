// SPDX-License-Identifier: Apache-2.0
// Archives that a store must not take.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/scenario/world.h"

using namespace patchferry::test;

namespace {

std::string good_archive(const World& world) {
  const std::string path = world.at("good");
  write_archive(path, kernel_release("K20260105_01", {{1, 1}}, 200'000));
  return contents(path);
}

nlohmann::json add(const World& world, const std::string& path, int code) {
  const auto done = typed({"mirror", "add", "--store", world.at("store"), path, "--json"});
  INFO(done.out << done.err);
  CHECK(done.code == code);
  return json_of(done);
}

}  // namespace

TEST_CASE("a store takes no file that is not a whole, readable archive") {
  const World world;
  const std::string good = good_archive(world);
  struct Bad {
    const char* what;
    std::string bytes;
  };
  const Bad bads[] = {
      {"empty", ""},
      {"text", "<html>404 Not Found</html>\n"},
      {"bzip2 of something else than tar", archive_of({{"a", "no tar at all\n"}}, "raw")},
      {"tar without bzip2", archive_of({{"a", "b"}}, "ustar", "")},
      {"gzip under the name of bzip2", archive_of({{"a", "b"}}, "ustar", "gzip")},
      {"cut within the first block", good.substr(0, 20)},
      {"cut in the middle", good.substr(0, good.size() / 2)},
      {"cut by one byte", good.substr(0, good.size() - 1)},
  };
  for (const auto& bad : bads) {
    INFO(bad.what);
    const std::string path = world.at("downloads/K20260105_01.tar.bz2");
    write_contents(path, bad.bytes);
    const auto report = add(world, path, 1);
    CHECK(report.at("added").empty());
    REQUIRE(report.at("refused").size() == 1);
    CHECK(report["refused"][0].at("file") == path);
    CHECK(names_in(world.at("store/archives")).empty());
  }
  write_contents(world.at("downloads/K20260105_01.tar.bz2"), good);
  CHECK(add(world, world.at("downloads"), 0).at("added").size() == 1);
}

TEST_CASE("a store takes no file whose name no vendor gives, and says which") {
  const World world;
  const std::string good = good_archive(world);
  for (const char* name :
       {"K20261305_01.tar.bz2", "K20260105.tar.bz2", "K20260105_0.tar.bz2", "X20260105_01.tar.bz2", "K20260105_01 (1).tar.bz2",
        "k20260105_01.tar.bz2", "K20260105_01-qemu.tar.bz2", "U20260105_01-QEMU.tar.bz2", "latest.tar.bz2"}) {
    INFO(name);
    const std::string path = world.at("downloads/") + name;
    write_contents(path, good);
    const auto report = add(world, path, 1);
    REQUIRE(report.at("refused").size() == 1);
    CHECK(report["refused"][0].at("kind") == "bad-name");
  }
}

TEST_CASE("one bad archive does not keep the good ones out, and the exit code tells") {
  const World world;
  write_contents(world.at("downloads/K20260105_01.tar.bz2"), good_archive(world));
  write_contents(world.at("downloads/K20260114_02.tar.bz2"), "broken");
  const auto report = add(world, world.at("downloads"), 5);
  CHECK(report.at("added").size() == 1);
  CHECK(report.at("refused").size() == 1);
  CHECK(add(world, world.at("downloads/K20260105_01.tar.bz2"), 4).at("present").size() == 1);
}

TEST_CASE("other bytes under a name that the store has are refused") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string path = world.at("downloads/K20260105_01.tar.bz2");
  const std::string first = contents(path);
  write_archive(path, kernel_release("K20260105_01", {{1, 2}}));
  CHECK(add(world, path, 1).at("refused").at(0).at("kind") == "conflict");
  CHECK(contents(world.at("store/archives/K20260105_01.tar.bz2")) == first);
}
