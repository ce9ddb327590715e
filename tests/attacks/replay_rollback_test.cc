// SPDX-License-Identifier: Apache-2.0
// Going back to an older bundle: only with a permit, signed for this bundle, this site, and the state that it is in.
#include <catch2/catch.hpp>
#include <ctime>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;
using nlohmann::json;

namespace {

using Kinds = std::vector<std::string>;

std::string name_of(unsigned number) { return fmt::format("K202601{:02}_01", number); }

/// Bundles 1 to `made`, made by receipts; each brings one release, and all have come.
struct Shipped {
  World world;
  std::string base = world.base();
  std::vector<std::string> bundles;

  explicit Shipped(unsigned made) {
    for (unsigned i = 1; i <= made; ++i) {
      ship({});
      REQUIRE(world.import({bundles.back()}).code == 0);
    }
  }
  void ship(Words basis) {
    const auto number = static_cast<unsigned>(bundles.size() + 1);
    world.release_kernels(name_of(number), {{1, number}}, 300);
    if (basis.empty() && number == 1) basis = {"--full"};
    if (basis.empty()) basis = {"--receipt", world.receipt(base)};
    bundles.push_back(world.export_more(basis));
  }
  /// The file of a permit to go back to this bundle.
  std::string permit(unsigned number, const std::string& name, const Words& more = {}, const std::string& key = "ops") const {
    Words words = {"permit",   "make",
                   "--store",  world.at("store"),
                   "--site",   "plant1",
                   "--bundle", std::to_string(number),
                   "--key",    world.at(key + ".key"),
                   "--out",    world.at(name)};
    words.insert(words.end(), more.begin(), more.end());
    const auto done = typed(words);
    INFO(done.err);
    REQUIRE(done.code == 0);
    return world.at(name);
  }
  Outcome go_back(unsigned number, const std::string& permit) const {
    return world.import({bundles.at(number - 1), "--rollback", permit, "--json"});
  }
  void check_refused(unsigned number, const std::string& permit, const std::string& kind) const {
    const auto before = visible(base);
    const auto done = go_back(number, permit);
    INFO(done.out << done.err);
    CHECK(done.code == 1);
    CHECK(kinds_of(done) == Kinds{kind});
    CHECK(visible(base) == before);
    CHECK(audited(base, "rollback").empty());
  }
  std::string state_of(unsigned number) const {
    const auto list = json_of(typed({"list", "--base", base, "--json"}));
    for (const auto& p : list.at("patchsets"))
      if (p.at("name") == name_of(number)) return p.at("feeds").value("main", "nowhere");
    return "not here";
  }
  std::string latest() const { return served(base).at(khash(1) + "/latest.v1"); }
};

}  // namespace

TEST_CASE("a permit takes a site back: what came after is disabled, and the ledger stays where it was") {
  Shipped s(3);
  CHECK(s.latest() == "3\n");
  CHECK(kinds_of(s.world.import({s.bundles[0], "--json"})) == Kinds{"stale"});
  const std::string permit = s.permit(1, "permit", {"--receipt", s.world.receipt(s.base)});

  const auto rehearsal = s.world.import({s.bundles[0], "--rollback", permit, "--dry-run", "--json"});
  CHECK(rehearsal.code == 0);
  CHECK(json_of(rehearsal).at("rollback") == true);
  CHECK(s.latest() == "3\n");

  const auto done = s.go_back(1, permit);
  INFO(done.out << done.err);
  REQUIRE(done.code == 0);
  CHECK(s.latest() == "1\n");
  CHECK(served(s.base).count(khash(1) + "/3/kpatch.bin") == 1);  // for those who have read the pointer just before
  CHECK(s.state_of(1) == "enabled");
  CHECK(s.state_of(2) == "disabled");
  CHECK(s.state_of(3) == "disabled");
  s.world.check_archives(s.base, {name_of(1), name_of(2), name_of(3)});
  CHECK(status_of(s.base).at("sequence") == 3);
  const auto log = audited(s.base, "rollback");
  REQUIRE(log.size() == 1);
  CHECK(says(log[0], "permitted by the release keys"));
  CHECK(says(log[0], "disabled: " + name_of(3)));

  // What was taken back does not come again by the same bundles.
  CHECK(s.world.import({s.bundles[2]}).code == 4);
  CHECK(kinds_of(s.world.import({s.bundles[1], "--json"})) == Kinds{"stale"});
  CHECK(kinds_of(s.world.import({s.bundles[0], "--json"})) == Kinds{"stale"});
  CHECK(s.latest() == "1\n");
  CHECK(s.state_of(3) == "disabled");

  // The next bundle goes on, and the permit is void.
  s.ship({});
  REQUIRE(s.world.import({s.bundles[3]}).code == 0);
  CHECK(s.latest() == "4\n");
  CHECK(s.state_of(2) == "disabled");
  const auto before = visible(s.base);
  CHECK(kinds_of(s.go_back(1, permit)) == Kinds{"bad-permit"});
  CHECK(visible(s.base) == before);
}

TEST_CASE("a permit counts for one bundle, one site, one state, and only as it was signed") {
  Shipped s(3);
  const std::string receipt = s.world.receipt(s.base);
  const std::string good = s.permit(1, "good", {"--receipt", receipt});
  s.check_refused(2, good, "bad-permit");

  const std::string text = contents(good);
  for (std::size_t at = text.find(' ') + 1; at + 1 < text.size(); at += 7) {
    if (text[at] == ' ') continue;
    std::string altered = text;
    altered[at] = altered[at] == 'A' ? 'B' : 'A';
    write_contents(s.world.at("altered"), altered);
    s.check_refused(1, s.world.at("altered"), "malformed");
  }

  REQUIRE(typed({"keygen", "--out", s.world.at("stranger"), "--no-password"}).code == 0);
  s.check_refused(1, s.permit(1, "strange", {"--receipt", receipt}, "stranger"), "untrusted");

  write_contents(s.world.at("head"), s.world.head_token());
  s.check_refused(1, s.world.at("head"), "malformed");
  const auto as_head = typed({"head", "take", "--base", s.base, good});
  CHECK(as_head.code == 1);
  CHECK(says(as_head.err, "this is a permit, not a head token"));
  CHECK(s.world.import({s.bundles[0], "--rollback", s.world.at("nosuch")}).code == 2);

  // Another site of the same stores and keys, in just the same state.
  const std::string other = s.world.at("base2");
  s.world.init(other, "plant2");
  const std::string for_other = s.world.export_full({}, "store", "plant2");
  REQUIRE(s.world.import_into(other, {for_other}).code == 0);
  s.world.release_kernels(name_of(9), {{1, 9}}, 300);
  REQUIRE(s.world.import_into(other, {s.world.export_full({}, "store", "plant2")}).code == 0);
  CHECK(kinds_of(s.world.import_into(other, {for_other, "--rollback", good, "--json"})) == Kinds{"wrong-site"});

  // Another state: one more bundle has come since.
  s.ship({});
  REQUIRE(s.world.import({s.bundles[3]}).code == 0);
  s.check_refused(1, good, "bad-permit");
}

TEST_CASE("a permit by a release key in a document of roles is believed, by another role it is not") {
  const TempFolder keys;
  const auto at = [&](const std::string& name) { return keys.path() + "/" + name; };
  for (const char* name : {"root", "release", "head"}) REQUIRE(typed({"keygen", "--out", at(name), "--no-password"}).code == 0);
  REQUIRE(typed({"trust", "create", "--out", at("trust"), "--root", at("root.pub"), "--release", at("release.pub"), "--head",
                 at("head.pub"), "--sign", at("root.key")})
              .code == 0);
  const World world;
  const std::string base = world.at("roles");
  REQUIRE(typed({"init", "--base", base, "--site", "plant1", "--trust", at("trust")}).code == 0);
  std::vector<std::string> bundles;
  for (unsigned i = 1; i <= 2; ++i) {
    world.release_kernels(name_of(i), {{1, i}}, 300);
    const auto made = typed({"export", "--store", world.at("store"), "--to", world.at("usb"), "--site", "plant1", "--sign",
                             at("release.key"), "--trust", at("trust"), "--full", "--json"});
    INFO(made.err);
    REQUIRE(made.code == 0);
    bundles.push_back(json_of(made).at("path"));
    REQUIRE(world.import_into(base, {bundles.back()}).code == 0);
  }
  const auto make = [&](const char* command, const std::string& key, Words more) {
    Words words = {command, "make",           "--store", world.at("store"), "--site", "plant1",
                   "--key", at(key + ".key"), "--trust", at("trust"),       "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return typed(words);
  };
  const Words back = {"--bundle", "1", "--receipt", world.receipt(base)};
  CHECK(make("permit", "head", back).code == 1);
  CHECK(make("head", "release", {}).code == 1);
  const auto permit = make("permit", "release", back);
  REQUIRE(permit.code == 0);
  write_contents(world.at("permit"), json_of(permit).at("token").get<std::string>() + "\n");
  CHECK(typed({"head", "take", "--base", base, "--text", json_of(make("head", "head", {})).at("token")}).code == 0);
  CHECK(world.import_into(base, {bundles[0], "--rollback", world.at("permit")}).code == 0);
  CHECK(served(base).at(khash(1) + "/latest.v1") == "1\n");
}

TEST_CASE("going back to a bundle that never came brings and keeps what is in it") {
  Shipped s(1);
  s.ship({"--full"});
  s.ship({"--full"});
  REQUIRE(s.world.import({s.bundles[2]}).code == 0);  // brings 2 and 3
  const auto done = s.go_back(2, s.permit(2, "permit", {"--receipt", s.world.receipt(s.base)}));
  INFO(done.out << done.err);
  REQUIRE(done.code == 0);
  CHECK(s.state_of(1) == "enabled");
  CHECK(s.state_of(2) == "enabled");
  CHECK(s.state_of(3) == "disabled");
  CHECK(s.latest() == "2\n");
  CHECK(json_of(done).at("feeds").at("main").at("disable") == json({name_of(3)}));
}

TEST_CASE("going back too far is mended by a permit for a later bundle: what belongs to it is enabled again") {
  const Shipped site(3);
  const auto state = [&](unsigned number) {
    const auto list = json_of(typed({"list", "--base", site.base, "--json"}));
    return list.at("patchsets").at(number - 1).at("feeds").at("main").get<std::string>();
  };
  REQUIRE(site.go_back(1, site.permit(1, "first.permit", {"--receipt", site.world.receipt(site.base)})).code == 0);
  CHECK(state(2) == "disabled");
  CHECK(state(3) == "disabled");
  const auto further = site.go_back(2, site.permit(2, "second.permit", {"--receipt", site.world.receipt(site.base)}));
  INFO(further.err);
  REQUIRE(further.code == 0);
  CHECK(json_of(further).at("feeds").at("main").at("enable") == json::array({name_of(2)}));
  CHECK(state(1) == "enabled");
  CHECK(state(2) == "enabled");
  CHECK(state(3) == "disabled");
}

TEST_CASE("a permit past its date is warned of, and refused where the site asks for that") {
  Shipped s(2);
  const std::string permit = s.permit(1, "permit", {"--receipt", s.world.receipt(s.base), "--expires", "2"});
  const AtTime later(static_cast<std::uint64_t>(std::time(nullptr)) + 4 * 86400);
  write_contents(s.world.at("config.toml"), "expired = \"refuse\"\n");
  {
    const Configured strict(s.world.at("config.toml"));
    s.check_refused(1, permit, "expired");
  }
  const auto done = s.go_back(1, permit);
  CHECK(done.code == 0);
  CHECK(says(json_of(done).at("warnings").dump(), "the permit was good until"));
}

TEST_CASE("a permit is made only for a bundle that was made and a site that is past it") {
  Shipped s(2);
  const std::string receipt = s.world.receipt(s.base);
  const auto make = [&](const char* number, const Words& more) {
    Words words = {"permit",   "make", "--store", s.world.at("store"),  "--site", "plant1",
                   "--bundle", number, "--key",   s.world.at("ops.key")};
    words.insert(words.end(), more.begin(), more.end());
    return typed(words).code;
  };
  CHECK(make("1", {"--receipt", receipt}) == 0);
  CHECK(make("2", {"--receipt", receipt}) == 2);
  CHECK(make("7", {"--receipt", receipt}) == 2);
  CHECK(make("x", {"--receipt", receipt}) == 2);
  CHECK(make("1", {"--receipt", s.world.at("nosuch")}) == 2);
}
