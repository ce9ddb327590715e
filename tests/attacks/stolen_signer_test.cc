// SPDX-License-Identifier: Apache-2.0
// Keys in the wrong hands: what a thief can do with each of them, and how a site gets rid of him. Two of three sign releases,
// two of three keep the root, one makes head tokens.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/attacks/thief.h"
#include "tests/scenario/team.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

using Kinds = std::vector<std::string>;

struct Case {
  const char* name;
  std::vector<std::string> stolen;
  DocumentType signed_as;
  std::string refused;  // empty: that many keys are the bundle's authority
};

const Case kTable[] = {
    {"one release key", {"rob"}, DocumentType::bundle, "threshold"},
    {"one release key and the head key", {"rob", "hal"}, DocumentType::bundle, "unknown-key"},
    {"one release key and a root key", {"rob", "ann"}, DocumentType::bundle, "unknown-key"},
    {"the head key", {"hal"}, DocumentType::bundle, "unknown-key"},
    {"all root keys", {"ann", "ben", "cem"}, DocumentType::bundle, "unknown-key"},
    {"two signatures that release keys made under head tokens", {"ria", "rob"}, DocumentType::head, "bad-signature"},
    {"two signatures that release keys made under archives", {"ria", "rob"}, DocumentType::archive, "bad-signature"},
    {"two release keys", {"ria", "rob"}, DocumentType::bundle, ""},
};

}  // namespace

TEST_CASE("what stolen keys can sign: nothing below the threshold, nothing of another role, nothing of another type") {
  const World world;
  const Team team(world);
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = team.export_signed({"ria", "rob"});
  const auto before = visible(team.plant());
  for (const auto& one : kTable) {
    INFO(one.name);
    std::vector<std::string> keys;
    for (const auto& name : one.stolen) keys.push_back(team.key(name));
    sign_by_force(bundle, keys, one.signed_as);
    if (one.refused.empty()) {
      CHECK(team.verify(bundle).code == 0);
      continue;
    }
    CHECK(kinds_of(team.verify(bundle)) == Kinds{one.refused});
    const auto imported = team.import({bundle});
    CHECK(imported.code == 1);
    CHECK(kinds_of(imported) == Kinds{one.refused});
    CHECK(visible(team.plant()) == before);
  }
}

TEST_CASE("one stolen root key enrols nobody") {
  const World world;
  const Team team(world);
  team.keygen("mallory");
  copy_tree(team.trust(), world.at("stolen"));
  REQUIRE(typed({"trust", "rotate", "--trust", world.at("stolen"), "--add-release", team.pub("mallory"), "--release-threshold",
                 "1", "--sign", team.key("ann")})
              .code == 0);
  const auto update = typed({"trust", "update", "--base", team.plant(), world.at("stolen")});
  CHECK(update.code == 1);
  CHECK(team.root_version_at(team.plant()) == 1);
  world.release_kernels("K20260105_01", {{1, 1}});
  CHECK(team.try_export({"mallory"}, {"--full"}, "stolen").code != 0);
}

TEST_CASE(
    "a thief of enough release keys is thrown out: rotation ends his bundles, withdrawal takes what he brought out of the feeds") {
  const World world;
  const Team team(world);
  const std::string good = "K20260105_01", evil = "K20260106_01", later = "K20260107_01";
  world.release_kernels(good, {{1, 1}});
  REQUIRE(team.import({team.export_signed({"ria", "rob"})}).code == 0);
  // He has the keys, and a store like the exporter's.
  copy_tree(world.at("store"), world.at("thief"));
  copy_tree(team.trust(), world.at("trust-before"));
  world.release(evil, kernel_release(evil, {{1, 2}}), "thief");
  REQUIRE(team.import({team.export_signed({"ria", "rob"}, {"--full"}, "trust-before", "thief")}).code == 0);
  CHECK(served(team.plant()).at(khash(1) + "/latest.v1") == "2\n");

  team.keygen("una");
  team.keygen("vic");
  team.rotate({"--remove-release", team.pub("ria"), "--remove-release", team.pub("rob"), "--add-release", team.pub("una"),
               "--add-release", team.pub("vic"), "--new-epoch"});
  REQUIRE(typed({"mirror", "add", "--store", world.at("store"), world.at("downloads/" + evil + ".tar.bz2")}).code == 0);
  REQUIRE(typed({"mirror", "withdraw", "--store", world.at("store"), "--yes", evil}).code == 0);
  const auto cured = team.import({team.export_signed({"una", "vic"})});
  INFO(cured.out << cured.err);
  REQUIRE(cured.code == 0);
  CHECK(team.root_version_at(team.plant()) == 2);
  CHECK(served(team.plant()).at(khash(1) + "/latest.v1") == "1\n");
  for (const auto& [path, bytes] : served(team.plant())) CHECK_FALSE(path.starts_with(khash(1) + "/2/"));

  const auto before = visible(team.plant());
  world.release(later, kernel_release(later, {{1, 3}}), "thief");
  const auto again = team.import({team.export_signed({"ria", "rob"}, {"--full"}, "trust-before", "thief")});
  CHECK(again.code == 1);
  CHECK(kinds_of(again) == Kinds{"old-root"});
  // Nor does it help him to put the new documents in front of his signatures.
  const std::string forced = team.export_signed({"una", "vic"});
  sign_by_force(forced, {team.key("ria"), team.key("rob")});
  CHECK(kinds_of(team.import({forced})) == Kinds{"unknown-key"});
  CHECK(visible(team.plant()) == before);
}
