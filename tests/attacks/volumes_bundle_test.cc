// SPDX-License-Identifier: Apache-2.0
// Volumes missing, cut, extended, repeated, of another bundle, for another site: as the programs meet them.
#include <catch2/catch.hpp>

#include "tests/scenario/refused.h"

using namespace patchferry;
using namespace patchferry::test;

TEST_CASE("a missing volume is named, what is there is kept, and the rest completes it") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 30'000);
  const std::string bundle = world.export_full({"--volume-size", "30KB"});
  const auto volumes = volumes_of(bundle);
  REQUIRE(volumes.size() >= 3);
  const auto before = visible(world.base());
  for (const auto& volume : volumes) {
    const std::string name = volume.substr(bundle.size() + 1);
    INFO(name);
    const std::string other = world.at("other-" + name);
    const std::string base = world.at("base-" + name);
    make_folder(other);
    rename_path(volume, other + "/" + name);
    world.init(base);
    const auto empty = visible(base);

    const auto verified = world.verify({bundle});
    CHECK(verified.code == 1);
    CHECK(verified.err.find(name) != std::string::npos);
    const auto first = world.import_into(base, {bundle});
    CHECK(first.code == 5);
    CHECK(first.err.find(name) != std::string::npos);
    CHECK(visible(base) == empty);
    CHECK(world.import_into(base, {bundle}).code == 5);
    const auto second = world.import_into(base, {other});
    INFO(second.err);
    CHECK(second.code == 0);
    world.check_archives(base, {"K20260105_01"});
    CHECK(names_in(base + "/quarantine").empty());

    // Two media at once are a whole bundle too.
    CHECK(world.verify({bundle, other}).code == 0);
    rename_path(other + "/" + name, volume);
  }
  CHECK(visible(world.base()) == before);
}

TEST_CASE("a volume that was cut, or goes on too long, is refused") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}}, 30'000);
  const std::string bundle = world.export_full({"--volume-size", "20KB"});
  for (const auto& volume : volumes_of(bundle)) {
    const std::string good = contents(volume);
    std::vector<std::size_t> lengths = {0, good.size() / 2, good.size() - 1};
    for (const auto& region : regions_of(good)) lengths.push_back(region.begin);
    for (const std::size_t length : lengths) {
      INFO(volume << " cut to " << length);
      write_contents(volume, good.substr(0, length));
      check_refused(world, {bundle}, "cut");
      remove_tree(world.base() + "/quarantine");
      make_folder(world.base() + "/quarantine");
    }
    write_contents(volume, good + "x");
    check_refused(world, {bundle}, "extended");
    write_contents(volume, good);
  }
  CHECK(world.verify({bundle}).code == 0);
}

TEST_CASE("one volume twice is refused, be it the same bytes") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}}, 30'000);
  const std::string bundle = world.export_full({"--volume-size", "20KB"});
  const std::string volume = volumes_of(bundle).front();
  make_folder(world.at("second-stick"));
  write_contents(world.at("second-stick/copy.pfv"), contents(volume));
  check_refused(world, {bundle, world.at("second-stick")}, "repeated-volume");
  write_contents(bundle + "/copy.pfv", contents(volume));
  check_refused(world, {bundle}, "repeated-volume");
}

TEST_CASE("a volume of another bundle is refused") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}}, 30'000);
  const std::string first = world.export_full({"--volume-size", "20KB"});
  const std::string second = world.export_full({"--volume-size", "20KB"});
  REQUIRE(first != second);
  SECTION("beside the bundle's own") {
    write_contents(first + "/zz.pfv", contents(volumes_of(second).back()));
    check_refused(world, {first}, "foreign-volume");
  }
  SECTION("in the place of one") {
    write_contents(volumes_of(first).back(), contents(volumes_of(second).back()));
    check_refused(world, {first}, "foreign-volume");
  }
}

TEST_CASE("another site's bundle is genuine, and not for us") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = world.export_full({}, "store", "plant2");
  CHECK(world.verify({bundle}).code == 0);
  check_import_refuses(world, bundle, "wrong-site");
}
