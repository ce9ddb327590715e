// SPDX-License-Identifier: Apache-2.0
// A database that was put back from a backup: nothing is taken in before somebody has said how far the ledger had come.
#include <catch2/catch.hpp>
#include <ctime>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

using Kinds = std::vector<std::string>;

std::string name_of(unsigned number) { return fmt::format("K202601{:02}_01", number); }

/// A site that has had bundles 1 to 3, each bringing all so far; 4 is made and has not come. What the database and the
/// ledger's copy were after each is kept.
struct Site {
  World world;
  std::vector<std::string> bundles;
  std::string base = world.base();
  std::string database = base + "/patchferry.sqlite";
  std::string copy = base + "/ledger.copy";

  Site() {
    for (unsigned i = 1; i <= 4; ++i) {
      world.release_kernels(name_of(i), {{1, i}}, 300);
      bundles.push_back(world.export_more({"--full"}));
      if (i == 4) break;
      REQUIRE(world.import({bundles.back()}).code == 0);
      write_contents(kept("database", i), contents(database));
      write_contents(kept("copy", i), contents(copy));
    }
  }
  std::string kept(const char* what, unsigned after) const { return world.at(fmt::format("{}-{}", what, after)); }

  void put_database_back(unsigned after) const { write_contents(database, contents(kept("database", after))); }
  void put_copy_back(unsigned after) const { write_contents(copy, contents(kept("copy", after))); }

  std::string challenge() const {
    const std::string alarm = alarm_of(base, "needs-head");
    const std::string mark = "--challenge ";
    const auto at = alarm.find(mark);
    if (at == std::string::npos) return {};
    return alarm.substr(at + mark.size(), alarm.find('\'', at) - at - mark.size());
  }
  Outcome take(const std::string& token) const { return typed({"head", "take", "--base", base, "--text", token}); }

  void check_nothing_goes(const std::vector<unsigned>& numbers) const {
    for (const unsigned number : numbers) {
      INFO("bundle " << number);
      const auto before = visible(base);
      const auto done = world.import({bundles.at(number - 1), "--json"});
      INFO(done.out << done.err);
      CHECK(done.code == 1);
      CHECK(kinds_of(done) == Kinds{"needs-head"});
      CHECK(says(done.err, challenge()));
      CHECK(visible(base) == before);
    }
  }
  void check_goes_on(const std::vector<unsigned>& numbers) const {
    for (const unsigned number : numbers) {
      INFO("bundle " << number);
      const auto done = world.import({bundles.at(number - 1)});
      INFO(done.err);
      CHECK(done.code == 0);
      CHECK(status_of(base).at("sequence") == number);
    }
    CHECK(alarm_of(base, "needs-head").empty());
    std::vector<std::string> names;
    for (unsigned i = 1; i <= numbers.back(); ++i) names.push_back(name_of(i));
    world.check_archives(base, names);
    CHECK(served(base).at(khash(1) + "/latest.v1") == fmt::format("{}\n", numbers.back()));
  }
};

}  // namespace

TEST_CASE("a database put back takes nothing until a head token for its challenge has come") {
  const Site site;
  CHECK(site.challenge().empty());
  site.put_database_back(1);
  const auto noticed = typed({"status", "--base", site.base});
  CHECK(says(noticed.err, "alarm: the database is behind its copy"));
  CHECK(says(noticed.out, "ALARM           the ledger was put back"));
  const std::string challenge = site.challenge();
  CHECK(challenge.size() == 9);
  site.check_nothing_goes({2, 3, 4});
  CHECK(site.challenge() == challenge);

  CHECK(site.take(site.world.head_token()).code == 0);  // without a challenge: it may be an old one
  CHECK_FALSE(alarm_of(site.base, "held-back").empty());
  CHECK(site.challenge() == challenge);
  site.check_nothing_goes({2, 4});
  const std::string another = challenge == "ABCD-EFGH" ? "ABCD-EFGJ" : "ABCD-EFGH";
  site.take(site.world.head_token({"--challenge", another}));
  CHECK(site.challenge() == challenge);
  site.check_nothing_goes({2, 4});

  CHECK(typed({"head", "make", "--store", site.world.at("store"), "--site", "plant1", "--key", site.world.at("ops.key"),
               "--challenge", "nonsense!"})
            .code == 2);
  const auto taken = site.take(site.world.head_token({"--challenge", challenge}));
  INFO(taken.err);
  CHECK(taken.code == 0);
  CHECK(site.challenge().empty());
  CHECK(says(audited(site.base, "head").back(), "for this site's challenge"));
  site.check_goes_on({2, 3, 4});
  CHECK(alarm_of(site.base, "held-back").empty());
}

TEST_CASE("a database put back to before its first bundle is noticed as well") {
  const Site site;
  REQUIRE(typed({"init", "--base", site.world.at("new"), "--site", "plant1", "--trust", site.world.at("ops.pub")}).code == 0);
  write_contents(site.database, contents(site.world.at("new/patchferry.sqlite")));
  site.check_nothing_goes({1, 2, 4});
  CHECK(site.take(site.world.head_token({"--challenge", site.challenge()})).code == 0);
  site.check_goes_on({1, 4});
}

TEST_CASE("a ledger's copy that is gone asks for a head token") {
  const Site site;
  remove_file(site.copy);
  site.check_nothing_goes({4});
  CHECK(site.take(site.world.head_token({"--challenge", site.challenge()})).code == 0);
  site.check_goes_on({4});
}

TEST_CASE("a ledger's copy that is damaged asks for a head token") {
  const std::string changes[] = {"floor 1\n", "", std::string(1 << 20, 'x')};
  for (const auto& damage : changes) {
    const Site site;
    std::string text = contents(site.copy);
    if (damage.size() < 100) text.insert(text.find("floor "), damage);
    write_contents(site.copy, damage.empty() ? text.substr(0, text.size() - 2) : damage.size() < 100 ? text : damage);
    site.check_nothing_goes({4});
    CHECK(says(audited(site.base, "ledger").back(), "damaged"));
    CHECK(site.take(site.world.head_token({"--challenge", site.challenge()})).code == 0);
    site.check_goes_on({4});
  }
}

TEST_CASE("a person may vouch instead of a head token, and the audit log keeps the reason") {
  const Site site;
  site.put_database_back(1);
  const auto done = site.world.import({site.bundles[3], "--without-head", "disk replaced, phoned Ann"});
  INFO(done.err);
  CHECK(done.code == 0);
  REQUIRE(audited(site.base, "override").size() == 1);
  CHECK(says(audited(site.base, "override")[0], "disk replaced, phoned Ann"));
  CHECK(status_of(site.base).at("sequence") == 4);
  CHECK(site.challenge().empty());
  site.world.check_archives(site.base, {name_of(1), name_of(2), name_of(3), name_of(4)});
  CHECK(kinds_of(site.world.import({site.bundles[2], "--json"})) == Kinds{"stale"});
}

TEST_CASE("vouching does not let through what is refused for another reason, and is not used up by it") {
  const Site site;
  site.put_database_back(2);
  const auto done = site.world.import({site.bundles[0], "--without-head", "no reason", "--json"});
  CHECK(done.code == 1);
  CHECK(kinds_of(done) == Kinds{"stale"});
  CHECK_FALSE(site.challenge().empty());
  CHECK(audited(site.base, "override").empty());
}

TEST_CASE("a crash between database and copy is mended without a word") {
  const Site site;
  site.put_copy_back(2);
  const auto done = site.world.import({site.bundles[3]});
  INFO(done.err);
  CHECK(done.code == 0);
  CHECK_FALSE(says(done.err, "alarm"));
  CHECK(site.challenge().empty());
  CHECK(audited(site.base, "ledger").empty());
  // It is as good as new: an old database is noticed again.
  site.put_database_back(3);
  CHECK_FALSE(site.challenge().empty());
}

TEST_CASE("an old database put back a second time is noticed a second time") {
  const Site site;
  site.put_database_back(1);
  REQUIRE_FALSE(site.challenge().empty());
  // A token without the challenge is remembered, but must not make the copy forget how far the site had come.
  CHECK(site.take(site.world.head_token()).code == 0);
  site.put_database_back(1);
  CHECK_FALSE(site.challenge().empty());
  site.check_nothing_goes({2});
}

TEST_CASE("an old database put back after a head token had ended the need for one is noticed") {
  const Site site;
  site.put_database_back(1);
  const std::string challenge = site.challenge();
  {
    const AtTime later(static_cast<std::uint64_t>(std::time(nullptr)) + 3600);
    CHECK(site.take(site.world.head_token({"--challenge", challenge})).code == 0);
  }
  CHECK(site.challenge().empty());
  site.put_database_back(1);
  CHECK_FALSE(site.challenge().empty());
}

TEST_CASE("the ledger's copy lies where the configuration says") {
  const World world;
  make_folder(world.at("elsewhere"));
  write_contents(world.at("config.toml"), "ledger_copy = \"" + world.at("elsewhere/plant1.copy") + "\"\n");
  const Configured configured(world.at("config.toml"));
  const std::string base = world.at("base2");
  world.init(base);
  world.release_kernels(name_of(1), {{1, 1}}, 300);
  REQUIRE(world.import_into(base, {world.export_more({"--full"})}).code == 0);
  CHECK(contents(world.at("elsewhere/plant1.copy")).starts_with("patchferry-ledger-3 plant1\nchallenge -\nstream "));
  CHECK_FALSE(exists(base + "/ledger.copy"));
  // A whole base that is put back, with all that lies in it, is noticed by it.
  copy_tree(base, world.at("backup"));
  world.release_kernels(name_of(2), {{1, 2}}, 300);
  REQUIRE(world.import_into(base, {world.export_more({"--full"})}).code == 0);
  CHECK(alarm_of(base, "needs-head").empty());
  CHECK_FALSE(alarm_of(world.at("backup"), "needs-head").empty());
}

TEST_CASE("a database that was put back with an old challenge in it is not satisfied by the token that once answered it") {
  const Site site;
  site.put_database_back(1);
  const std::string challenge = site.challenge();
  REQUIRE_FALSE(challenge.empty());
  const std::string in_doubt = contents(site.database);
  const std::string token = site.world.head_token({"--challenge", challenge});
  REQUIRE(site.take(token).code == 0);
  site.check_goes_on({2, 3, 4});

  write_contents(site.database, in_doubt);
  CHECK(site.challenge() != challenge);
  site.take(token);
  site.check_nothing_goes({2, 3});
}

TEST_CASE("a stream that nobody can answer for leaves the watch over the others as it was") {
  const Site site;
  // The store was lost; another one ships from now on.
  site.world.release(name_of(9), kernel_release(name_of(9), {{2, 1}}, 300), "rebuilt");
  const auto rebuilt = [&] { return site.world.export_more({"--full"}, "rebuilt"); };
  const auto listed = json_of(typed({"mirror", "list", "--store", site.world.at("rebuilt"), "--json"}));
  REQUIRE(typed({"trust", "stream", "add", "--base", site.base, listed.at("stream")}).code == 0);
  REQUIRE(site.world.import({rebuilt()}).code == 0);
  write_contents(site.copy, contents(site.copy) + "x");  // damaged: both are in doubt
  REQUIRE_FALSE(site.challenge().empty());
  REQUIRE(site.take(site.world.head_token({"--challenge", site.challenge()}, "rebuilt")).code == 0);
  const std::string second = rebuilt();
  REQUIRE(site.world.import({second}).code == 0);
  const std::string older = contents(site.database);
  site.world.release(name_of(10), kernel_release(name_of(10), {{2, 2}}, 300), "rebuilt");
  REQUIRE(site.world.import({rebuilt()}).code == 0);

  write_contents(site.database, older);
  CHECK(kinds_of(site.world.import({rebuilt(), "--json"})) == Kinds{"needs-head"});
  // Whoever gives the lost store up ends the doubt about it.
  const std::string lost = json_of(typed({"mirror", "list", "--store", site.world.at("store"), "--json"})).at("stream");
  REQUIRE(site.take(site.world.head_token({"--challenge", site.challenge()}, "rebuilt")).code == 0);
  CHECK_FALSE(alarm_of(site.base, "needs-head").empty());
  REQUIRE(typed({"trust", "stream", "remove", "--base", site.base, lost}).code == 0);
  CHECK(alarm_of(site.base, "needs-head").empty());
}

TEST_CASE("a second copy that another site has written, or nobody of this one, is as good as damaged") {
  const Site site;
  const std::string other = site.world.at("other");
  site.world.init(other, "plant2");
  REQUIRE(typed({"status", "--base", other}).code == 0);
  write_contents(site.copy, contents(other + "/ledger.copy"));
  CHECK_FALSE(site.challenge().empty());
  site.check_nothing_goes({4});
}

TEST_CASE("what the vendor has withdrawn stays out of the feeds, whatever database is put back") {
  Site site;
  const World& world = site.world;
  const std::string before = contents(site.database);
  REQUIRE(typed({"mirror", "withdraw", "--store", world.at("store"), name_of(3)}).code == 0);
  REQUIRE(world.import({world.export_full()}).code == 0);
  CHECK(served(site.base).at(khash(1) + "/latest.v1") == "4\n");
  write_contents(site.database, before);
  // Any command, even one that only looks.
  const auto looked = typed({"list", "--base", site.base, "--json"});
  CHECK(says(looked.err, name_of(3) + " was withdrawn"));
  for (const auto& p : json_of(looked).at("patchsets"))
    if (p.at("name") == name_of(3)) CHECK(p.at("feeds").at("main") == "withdrawn");
  CHECK(typed({"enable", "--base", site.base, name_of(3)}).code == 1);
  CHECK(typed({"list", "--base", site.base}).err.find("withdrawn") == std::string::npos);
}
