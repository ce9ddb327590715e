// SPDX-License-Identifier: Apache-2.0
// Receipts: an export believes what a site says, if the site's own key has signed it; and refuses what the site would refuse.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/scenario/team.h"

using namespace patchferry::test;
using nlohmann::json;

namespace {

std::string receipt_of(const std::string& base) {
  const auto done = typed({"receipt", "--base", base, "--out", base + ".receipt"});
  INFO(done.err);
  REQUIRE(done.code == 0);
  return base + ".receipt";
}

/// To a stick that is there already or not.
Outcome export_by(const World& world, const Words& more) {
  Words words = {"export", "--store", world.at("store"),  "--to", world.at("usb"), "--site",
                 "plant1", "--sign",  world.at("ops.key")};
  words.insert(words.end(), more.begin(), more.end());
  return typed(words);
}

json sites_of(const World& world) {
  return json_of(typed({"mirror", "site", "list", "--store", world.at("store"), "--json"})).at("sites");
}

std::string key_at(const std::string& base) { return json_of(typed({"status", "--base", base, "--json"})).at("key"); }

Outcome add_site(const World& world, const std::string& key, Words more = {}) {
  more.insert(more.begin(), {"mirror", "site", "add", "--store", world.at("store"), "--site", "plant1", "--key", key});
  return typed(more);
}

constexpr const char* kOtherKey = "signed by another key than this site's earlier ones";

}  // namespace

TEST_CASE("the first receipt pins the site's key, and says so once") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  CHECK(sites_of(world).empty());
  const std::string receipt = receipt_of(world.base());

  // Looking is not believing.
  const auto dry = export_by(world, {"--receipt", receipt, "--dry-run"});
  CHECK(dry.code == 0);
  CHECK_FALSE(says(dry.err, "pinned"));
  CHECK(sites_of(world).empty());

  const auto first = export_by(world, {"--receipt", receipt, "--json"});
  CHECK(first.code == 0);
  CHECK(says(first.err, "first receipt of site plant1: its key " + key_at(world.base()) + " is now pinned here"));
  const auto second = export_by(world, {"--receipt", receipt});
  CHECK(second.code == 0);
  CHECK_FALSE(says(second.err, "pinned"));

  const auto sites = sites_of(world);
  REQUIRE(sites.size() == 1);
  CHECK(sites[0]["name"] == "plant1");
  CHECK(sites[0]["key"] == key_at(world.base()));
  CHECK(sites[0]["receipt"].is_number());
  CHECK(sites[0]["last_bundle"] == 2);
  const auto table = typed({"mirror", "site", "list", "--store", world.at("store")});
  CHECK(says(table.out, "NEWEST RECEIPT"));
  CHECK(says(table.out, key_at(world.base())));
}

TEST_CASE("from then on nobody else speaks for the site: another base of its name is refused") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  REQUIRE(export_by(world, {"--receipt", receipt_of(world.base())}).code == 0);
  world.init(world.at("twin"));
  const auto before = sites_of(world);
  const auto sticks = names_in(world.at("usb"));
  const auto refused = export_by(world, {"--receipt", receipt_of(world.at("twin"))});
  CHECK(refused.code == 1);
  CHECK(says(refused.err, kOtherKey));
  CHECK(says(refused.err, "--replace"));
  CHECK(sites_of(world) == before);
  CHECK(names_in(world.at("usb")) == sticks);
}

TEST_CASE("a key that was carried by hand is pinned before any receipt comes") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const auto added = add_site(world, world.at("base/site.pub"));
  INFO(added.err);
  CHECK(added.code == 0);
  CHECK(says(added.out, key_at(world.base())));
  CHECK(says(added.out, "in words: "));
  CHECK(add_site(world, world.at("base/site.pub")).code == 4);
  const auto sites = sites_of(world);
  REQUIRE(sites.size() == 1);
  CHECK(sites[0]["receipt"].is_null());
  CHECK(sites[0]["last_bundle"].is_null());

  // Whoever comes first with a receipt gains nothing.
  world.init(world.at("twin"));
  const auto forged = export_by(world, {"--receipt", receipt_of(world.at("twin"))});
  CHECK(forged.code == 1);
  CHECK(says(forged.err, kOtherKey));
  const auto honest = export_by(world, {"--receipt", receipt_of(world.base())});
  CHECK(honest.code == 0);
  CHECK_FALSE(says(honest.err, "pinned"));

  // The site was set up anew: only a person who says so moves the pin, and then the old key is the foreign one.
  const auto unasked = add_site(world, world.at("twin/site.pub"));
  CHECK(unasked.code == 1);
  CHECK(says(unasked.err, "is known by another key, " + key_at(world.base())));
  CHECK(export_by(world, {"--receipt", receipt_of(world.base())}).code == 0);
  const auto replaced = add_site(world, world.at("twin/site.pub"), {"--replace", "--json"});
  CHECK(replaced.code == 0);
  CHECK(json_of(replaced)["key"] == key_at(world.at("twin")));
  CHECK(sites_of(world)[0]["receipt"].is_null());  // what the old key had told counts no more
  CHECK(export_by(world, {}).code == 1);
  const auto anew = export_by(world, {"--receipt", receipt_of(world.at("twin"))});
  INFO(anew.err);
  CHECK(anew.code == 0);
  CHECK_FALSE(says(anew.err, "pinned"));
  const auto old = export_by(world, {"--receipt", receipt_of(world.base())});
  CHECK(old.code == 1);
  CHECK(says(old.err, kOtherKey));
}

TEST_CASE("only a site's public key is pinned, under a site's name") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  CHECK(add_site(world, world.at("ops.pub")).code == 1);
  CHECK(add_site(world, world.at("base/site.key")).code == 1);
  CHECK(add_site(world, world.base()).code == 2);
  CHECK(add_site(world, world.at("nowhere.pub")).code == 2);
  CHECK(typed({"mirror", "site", "add", "--store", world.at("store"), "--site", "../plant1", "--key", world.at("base/site.pub")})
            .code == 2);
  CHECK(typed({"mirror", "site", "add", "--store", world.at("nowhere"), "--site", "plant1", "--key", world.at("base/site.pub")})
            .code == 2);
  CHECK(sites_of(world).empty());
}

TEST_CASE("a receipt of another site is refused, and pins nothing") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  world.init(world.at("other"), "plant2");
  const auto refused = export_by(world, {"--receipt", receipt_of(world.at("other"))});
  CHECK(refused.code == 1);
  CHECK(says(refused.err, "the receipt is of site plant2, not plant1"));
  CHECK(sites_of(world).empty());

  // And one in which a byte was changed is nobody's.
  const std::string file = receipt_of(world.base());
  std::string text = contents(file);
  text.replace(text.find("plant1"), 6, "plant9");
  write_contents(file, text);
  const auto forged = export_by(world, {"--receipt", file});
  CHECK(forged.code == 1);
  CHECK(says(forged.err, "valid signature"));
  CHECK_FALSE(patchferry::exists(world.at("usb")));
}

TEST_CASE("an older receipt never takes the place of a newer one") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string file = receipt_of(world.base());
  patchferry::rename_path(file, world.at("empty.receipt"));
  REQUIRE(export_by(world, {"--receipt", world.at("empty.receipt")}).code == 0);
  REQUIRE(world.import({world.at("usb/patchferry-plant1-000001")}).code == 0);
  CHECK(export_by(world, {"--receipt", receipt_of(world.base())}).code == 4);

  // A person may build on the old one; what is kept stays the new one.
  CHECK(export_by(world, {"--receipt", world.at("empty.receipt"), "--dry-run"}).code == 0);
  const auto old = export_by(world, {"--receipt", world.at("empty.receipt"), "--json"});
  CHECK(old.code == 0);
  CHECK(json_of(old)["patchsets"] == json({"K20260105_01"}));
  CHECK(export_by(world, {}).code == 4);
  world.release_kernels("K20260114_02", {{1, 2}});
  const auto next = export_by(world, {"--json"});
  CHECK(next.code == 0);
  CHECK(json_of(next)["patchsets"] == json({"K20260114_02"}));
}

TEST_CASE("what the site would refuse is not even made: a key that it does not believe") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string receipt = receipt_of(world.base());
  REQUIRE(typed({"keygen", "--out", world.at("eve"), "--no-password"}).code == 0);
  const auto refused = typed({"export", "--store", world.at("store"), "--to", world.at("usb"), "--site", "plant1", "--sign",
                              world.at("eve.key"), "--receipt", receipt});
  CHECK(refused.code == 1);
  CHECK(says(refused.err, "site plant1 does not believe the keys of "));
  CHECK(sites_of(world).empty());  // nor is the receipt believed from now on
  CHECK_FALSE(patchferry::exists(world.at("usb")));
  CHECK(export_by(world, {"--receipt", receipt}).code == 0);
}

TEST_CASE("what the site would refuse is not even made: root documents that it has left behind") {
  const World world;
  const Team team(world);
  world.release_kernels("K20260105_01", {{1, 1}});
  copy_tree(team.trust(), world.at("trust-of-may"));
  team.rotate({"--remove-release", team.pub("rob")});
  REQUIRE(typed({"trust", "update", "--base", team.plant(), team.trust()}).code == 0);
  const Words by_receipt = {"--receipt", team.receipt_of(team.plant())};
  const auto refused = team.try_export({"ria", "rob"}, by_receipt, "trust-of-may");
  CHECK(refused.code == 1);
  CHECK(says(refused.err, "site plant1 knows root document 2 already, and 1 is the newest here"));
  const std::string bundle = team.export_signed({"ria", "roy"}, by_receipt);
  CHECK(team.import({bundle}).code == 0);
}

TEST_CASE("what the site would refuse is not even made: a bundle of another store") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  REQUIRE(world.import({world.export_full()}).code == 0);
  world.release("K20260114_02", kernel_release("K20260114_02", {{1, 2}}), "rebuilt");
  const auto by_rebuilt = [&](Words more) {
    more.insert(more.begin(), {"export", "--store", world.at("rebuilt"), "--to", world.at("usb-2"), "--site", "plant1", "--sign",
                               world.at("ops.key"), "--receipt", receipt_of(world.base())});
    return typed(more);
  };
  const std::string stream = json_of(typed({"mirror", "list", "--store", world.at("rebuilt"), "--json"}))["stream"];
  const auto refused = by_rebuilt({});
  CHECK(refused.code == 1);
  CHECK(says(refused.err, "site plant1 follows another store than this one"));
  CHECK(says(refused.err, "patchferry trust stream add " + stream));
  CHECK_FALSE(patchferry::exists(world.at("usb-2")));

  // The hint, typed.
  REQUIRE(typed({"trust", "stream", "add", "--base", world.base(), stream}).code == 0);
  const auto done = by_rebuilt({"--json"});
  INFO(done.err);
  REQUIRE(done.code == 0);
  CHECK(json_of(done)["sequence"] == 2);  // it goes on where the site has come to
  CHECK(json_of(done)["patchsets"] == json({"K20260114_02"}));
  CHECK(world.import({json_of(done)["path"].get<std::string>()}).code == 0);
  world.check_archives(world.base(), {"K20260105_01", "K20260114_02"});
}

TEST_CASE("numbers of an old epoch do not push those of the new one") {
  const World world;
  const Team team(world);
  world.release_kernels("K20260105_01", {{1, 1}});
  for (int i = 0; i < 3; ++i) team.export_signed({"ria", "rob"});
  REQUIRE(team.import({team.export_signed({"ria", "rob"})}).code == 0);  // bundle 4
  const std::string receipt = team.receipt_of(team.plant());
  REQUIRE(typed({"trust", "stream", "list", "--base", team.plant()}).code == 0);

  for (const char* store : {"store-old-epoch", "store-new-epoch"})
    world.release("K20260114_02", kernel_release("K20260114_02", {{1, 2}}), store);
  for (const char* store : {"store-old-epoch", "store-new-epoch"}) {
    const std::string stream = json_of(typed({"mirror", "list", "--store", world.at(store), "--json"}))["stream"];
    REQUIRE(typed({"trust", "stream", "add", "--base", team.plant(), stream}).code == 0);
  }
  const Words by_receipt = {"--receipt", team.receipt_of(team.plant()), "--json"};
  copy_tree(team.trust(), world.at("trust-before"));
  team.rotate({"--new-epoch"});
  const auto before = team.try_export({"ria", "rob"}, by_receipt, "trust-before", "store-old-epoch");
  CHECK(json_of(before)["sequence"] == 5);
  const auto after = team.try_export({"ria", "rob"}, by_receipt, "trust", "store-new-epoch");
  CHECK(json_of(after)["sequence"] == 1);
  // For the site, 1 of the new epoch is newer than anything of the old one.
  CHECK(team.import({json_of(after)["path"].get<std::string>()}).code == 0);
  const auto late = team.import({json_of(before)["path"].get<std::string>()});
  CHECK(late.code == 1);
  CHECK(kinds_of(late) == std::vector<std::string>{"old-root"});
}
