// SPDX-License-Identifier: Apache-2.0
// Whom a site believes is for a person to say, at init and later.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/scenario/team.h"

using namespace patchferry::test;

TEST_CASE("a key enrolled later is believed, one that was taken away is not, and the audit log says who did it") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}}, 300);
  REQUIRE(typed({"keygen", "--out", world.at("new"), "--no-password"}).code == 0);
  const auto under_new = [&] { return world.export_full({}, "store", "plant1", "new"); };
  CHECK(kinds_of(world.import({under_new(), "--json"})) == std::vector<std::string>{"untrusted"});

  const auto added = typed({"trust", "add", "--base", world.base(), world.at("new.pub"), "--json"});
  REQUIRE(added.code == 0);
  const std::string fresh = json_of(added).at("added").at(0);
  CHECK(typed({"trust", "add", "--base", world.base(), world.at("new.pub")}).code == 4);
  CHECK(world.import({under_new()}).code == 0);

  // The old key goes; its bundles are refused from now on, and what has come stays.
  const std::string old = json_of(typed({"trust", "show", world.at("ops.pub"), "--json"}))
                              .at("documents")
                              .at(0)
                              .at("roles")
                              .at("root")
                              .at("keys")
                              .at(0);
  REQUIRE(typed({"trust", "remove", "--base", world.base(), old}).code == 0);
  CHECK(kinds_of(world.import({world.export_full(), "--json"})) == std::vector<std::string>{"untrusted"});
  CHECK(typed({"trust", "remove", "--base", world.base(), old}).code == 2);
  CHECK(typed({"trust", "remove", "--base", world.base(), fresh}).code == 2);  // nothing would be left
  // Its file, put back from an old copy, changes nothing: only a person's word does.
  const auto names = names_in(world.base() + "/trust");
  REQUIRE(names.size() == 1);
  write_contents(world.base() + "/trust/" + old + ".pub", contents(world.at("ops.pub")));
  CHECK(kinds_of(world.import({world.export_full(), "--json"})) == std::vector<std::string>{"untrusted"});
  REQUIRE(typed({"trust", "add", "--base", world.base(), world.at("ops.pub")}).code == 0);
  CHECK(kinds_of(world.import({world.export_full(), "--json"})).empty());
  world.check_archives(world.base(), {"K20260105_01"});

  const auto log = typed({"log", "--base", world.base()}).out;
  CHECK(says(log, "enrolled: "));
  CHECK(says(log, "no longer believed: "));
}

TEST_CASE("of two chains of one domain given at once, the longer one counts, in any order") {
  const World world;
  Team team(world);
  copy_tree(team.trust(), world.at("old-trust"));
  team.rotate({"--new-epoch"});
  for (const bool new_first : {true, false}) {
    const std::string base = world.at(new_first ? "base-a" : "base-b");
    Words words = {"init",
                   "--base",
                   base,
                   "--site",
                   "plant1",
                   "--trust",
                   new_first ? team.trust() : world.at("old-trust"),
                   "--trust",
                   new_first ? world.at("old-trust") : team.trust()};
    REQUIRE(typed(words).code == 0);
    REQUIRE(typed({"receipt", "--base", base, "--out", base + ".receipt"}).code == 0);
    CHECK(says(contents(base + ".receipt"), "\"epoch\":2,\"version\":2"));
    // An older file put back is noticed: the database knows how far they had come.
    for (const auto& name : names_in(base + "/trust"))
      write_contents(base + "/trust/" + name, contents(world.at("old-trust") + "/root-0001.pfr"));
    REQUIRE(typed({"receipt", "--base", base, "--out", base + ".receipt"}).code == 0);
    CHECK(says(contents(base + ".receipt"), "\"version\":2"));
  }
}
