// SPDX-License-Identifier: Apache-2.0
// What agents get to see.
#include <catch2/catch.hpp>
#include <set>

#include "tests/scenario/world.h"

using namespace patchferry::test;

TEST_CASE("a level that was issued again is served whole, from the newest patchset, never as a mixture") {
  const World world;
  const std::string top = "/" + khash(1);
  const std::string one = "K20260105_01", two = "K20260114_02";
  world.release(one, {{one + top + "/4/kpatch.bin", "old binary"},
                      {one + top + "/4/kpatch.info", "uname: a\n"},
                      {one + top + "/4/only-in-old", "x"},
                      {one + top + "/latest.v1", "4\n"}});
  world.release(two, {{two + top + "/4/kpatch.bin", "new binary"},
                      {two + top + "/4/kpatch.info", "uname: a\n"},
                      {two + top + "/latest.v1", "4\n"}});
  const auto done = world.import({world.export_full()});
  CHECK(done.code == 0);
  CHECK(done.out.find("reissued") != std::string::npos);
  const auto feed = served(world.base());
  const std::map<std::string, std::string> wanted = {
      {khash(1) + "/4/kpatch.bin", "new binary"}, {khash(1) + "/4/kpatch.info", "uname: a\n"}, {khash(1) + "/latest.v1", "4\n"}};
  CHECK(feed == wanted);
  world.check_archives(world.base(), {one, two});
}

TEST_CASE("a release cannot lower a kernel's level, nor take the pointer from the highest") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 5}, {2, 1}});
  world.release_kernels("K20260114_02", {{1, 4}, {2, 2}});
  REQUIRE(world.import({world.export_full()}).code == 0);
  const auto feed = served(world.base());
  CHECK(feed.at(khash(1) + "/latest.v1") == "5\n");
  CHECK(feed.at(khash(2) + "/latest.v1") == "2\n");
  CHECK(feed.count(khash(1) + "/4/kpatch.bin") == 1);
}

TEST_CASE("a pointer is the vendor's own bytes; only where there is none, one is written") {
  const World world;
  const std::string name = "K20260105_01";
  const std::string one = name + "/" + khash(1), two = name + "/" + khash(2);
  world.release(name, {{one + "/3/kpatch.bin", "a"},
                       {one + "/latest.v1", "3"},
                       {one + "/latest.v2", "{\"level\": 3}"},
                       {one + "/latest.v2.sig", "signed"},
                       {two + "/9/kpatch.bin", "b"}});
  REQUIRE(world.import({world.export_full()}).code == 0);
  const auto feed = served(world.base());
  CHECK(feed.at(khash(1) + "/latest.v1") == "3");
  CHECK(feed.at(khash(1) + "/latest.v2") == "{\"level\": 3}");
  CHECK(feed.at(khash(1) + "/latest.v2.sig") == "signed");
  CHECK(feed.at(khash(2) + "/latest.v1") == "9\n");
}

TEST_CASE("import --no-deploy stores, and leaves every feed as it was") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const auto before = served(world.base());
  REQUIRE(world.import({world.export_full(), "--no-deploy"}).code == 0);
  world.check_archives(world.base(), {"K20260105_01"});
  CHECK(served(world.base()) == before);
}

TEST_CASE("the levels of the generation before stay servable, and what did not change is shared") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}});
  REQUIRE(world.import({world.export_full()}).code == 0);
  world.release_kernels("K20260114_02", {{1, 2}});
  REQUIRE(world.import({world.export_full()}).code == 0);
  CHECK(served(world.base()).count(khash(1) + "/1/kpatch.bin") == 1);
  const auto all = visible(world.base());
  std::set<std::string> targets;
  for (const auto& [path, what] : all)
    if (path.starts_with("feeds/main/generations/") && path.ends_with(khash(2))) targets.insert(what);
  CHECK(targets.size() == 1);
}
