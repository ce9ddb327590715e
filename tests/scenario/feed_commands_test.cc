// SPDX-License-Identifier: Apache-2.0
// What people type to change feeds, and what comes of it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <thread>

#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;
using nlohmann::json;

namespace {

using Names = std::vector<std::string>;

const Names kKernels = {"K31122025_1", "K20260105_09", "K20260105_10", "K06012026_1"};  // in release order
constexpr const char* kUser = "U20260105_09";

/// A base with four kernel releases, levels 1 to 4 of one kernel, and one of user space; all enabled in main.
struct Filled {
  World world;
  std::string base = world.base();

  explicit Filled(const Words& more = {}) {
    for (unsigned i = 0; i < kKernels.size(); ++i) world.release_kernels(kKernels[i], {{1, i + 1}}, 300);
    world.release(kUser, user_release(kUser, 1, 2026010509));
    Words words = {world.export_full()};
    words.insert(words.end(), more.begin(), more.end());
    const auto done = world.import(words);
    INFO(done.err);
    REQUIRE(done.code == 0);
  }
  /// Of the first words (a command), then --base.
  Outcome type(const Words& command, const Words& more = {}) const {
    Words words = command;
    words.insert(words.end(), {"--base", base});
    words.insert(words.end(), more.begin(), more.end());
    return typed(words);
  }
  int code(const Words& command, const Words& more = {}) const {
    const auto done = type(command, more);
    UNSCOPED_INFO(done.out << done.err);
    return done.code;
  }
  /// "eeud": a letter for each of kKernels (enabled, undeployed, disabled, withdrawn).
  std::string states(const std::string& feed = "main") const {
    std::string out;
    const auto list = json_of(type({"list"}, {"--json"}));
    for (const auto& p : list.at("patchsets"))
      if (p.at("product") == "kernel") out += p.at("feeds").value(feed, "undeployed").substr(0, 1);
    return out;
  }
  std::string state_of(const std::string& name, const std::string& feed = "main") const {
    const auto list = json_of(type({"list"}, {"--json"}));
    for (const auto& p : list.at("patchsets"))
      if (p.at("name") == name) return p.at("feeds").value(feed, "undeployed");
    return "not here";
  }
  std::string latest(const std::string& feed = "main") const {
    const auto shown = served(base, feed);
    const auto found = shown.find(khash(1) + "/latest.v1");
    return found == shown.end() ? "" : found->second;
  }
  json feed(const std::string& name) const {
    const auto list = json_of(type({"feed", "list"}, {"--json"}));
    for (const auto& one : list.at("feeds"))
      if (one.at("name") == name) return one;
    return nullptr;
  }
  std::uint64_t generation(const std::string& name = "main") const { return feed(name).at("generation"); }
};

/// A base that has adopted the same four kernel releases, and deployed none.
struct Stored {
  World world;
  std::string base = world.base();

  Stored() {
    for (unsigned i = 0; i < kKernels.size(); ++i)
      write_archive(world.at("downloads/" + kKernels[i] + ".tar.bz2"), kernel_release(kKernels[i], {{1, i + 1}}, 300));
    REQUIRE(type({"adopt", "--no-deploy", world.at("downloads")}).code == 0);
  }
  Outcome type(Words words) const {
    words.insert(words.end(), {"--base", base});
    return typed(words);
  }
};

json moved(const std::string& feed, const std::string& name, const char* from, const char* to) {
  return {{"feed", feed}, {"patchset", name}, {"from", from}, {"to", to}};
}

}  // namespace

TEST_CASE("enable and disable move what they name, tell it, and write it down") {
  const Filled f;
  const auto before = f.generation();
  const auto out = f.type({"disable"}, {"--json", kKernels[3], kKernels[1]});
  INFO(out.err);
  REQUIRE(out.code == 0);
  CHECK(json_of(out).at("changes") ==
        json::array({moved("main", kKernels[1], "enabled", "disabled"), moved("main", kKernels[3], "enabled", "disabled")}));
  CHECK(json_of(out).at("kept").empty());
  CHECK(json_of(out).at("published") ==
        json::array({{{"feed", "main"}, {"generation", before + 1}, {"reissued", json::array()}}}));
  CHECK(f.states() == "eded");
  CHECK(f.latest() == "3\n");
  CHECK(audited(f.base, "disable") == Names{"main: " + kKernels[1] + " " + kKernels[3]});

  CHECK(f.code({"disable"}, {kKernels[1]}) == 4);
  CHECK(f.generation() == before + 1);
  CHECK(audited(f.base, "disable").size() == 1);

  const auto in = f.type({"enable"}, {kKernels[3] + ".tar.bz2"});  // an archive's name will do
  CHECK(in.code == 0);
  CHECK(says(in.out, kKernels[3] + " is enabled in main"));
  CHECK(f.latest() == "4\n");
  CHECK(f.code({"enable"}, {kKernels[3]}) == 4);
  CHECK(f.type({"--quiet", "disable"}, {kKernels[3]}).out.empty());
}

TEST_CASE("enable-upto and undeploy-downto go by release order and leave other products and disabled ones alone") {
  const Filled f;
  REQUIRE(f.code({"undeploy-downto"}, {kKernels[1]}) == 0);
  CHECK(f.states() == "euuu");
  CHECK(f.state_of(kUser) == "enabled");
  CHECK(f.latest() == "1\n");
  REQUIRE(f.code({"disable"}, {kKernels[2]}) == 0);
  const auto up = f.type({"enable-upto"}, {"--json", kKernels[3]});
  REQUIRE(up.code == 0);
  CHECK(json_of(up).at("kept") == json::array({{{"feed", "main"}, {"patchset", kKernels[2]}, {"state", "disabled"}}}));
  CHECK(f.states() == "eede");
  CHECK(f.code({"enable-upto"}, {kKernels[3]}) == 4);
  const auto down = f.type({"undeploy-downto"}, {kKernels[0]});
  REQUIRE(down.code == 0);
  CHECK(says(down.err, "--no-auto"));  // main goes on taking what comes
  CHECK(f.states() == "uudu");
  CHECK(f.code({"undeploy-downto"}, {kKernels[0]}) == 4);
  CHECK(f.code({"enable-upto"}, {kKernels[1]}) == 0);
  CHECK(f.states() == "eedu");
}

TEST_CASE("an unknown feed, an unknown patchset and a name that is none change nothing, in any of several feeds") {
  const Filled f;
  REQUIRE(f.code({"feed", "add"}, {"test"}) == 0);
  const auto before = visible(f.base);
  for (const char* word : {"enable", "disable", "enable-upto", "undeploy-downto"}) {
    INFO(word);
    CHECK(f.code({word}, {"--feed", "nosuch", kKernels[0]}) == 2);
    CHECK(f.code({word}, {"--feed", "test", "--feed", "nosuch", kKernels[0]}) == 2);
    CHECK(f.code({word}, {"K20200101_01"}) == 2);
    CHECK(f.code({word}, {"../" + kKernels[0]}) == 2);
    CHECK(f.code({word}, {""}) == 2);
    CHECK(f.code({word}) == 2);
    CHECK(f.code({word}, {kKernels[0], "K20200101_01"}) == 2);
    CHECK(typed({word, "--help"}).code == 0);
  }
  CHECK(f.code({"enable-upto"}, {kKernels[0], kKernels[1]}) == 2);
  CHECK(f.code({"undeploy-downto"}, {kKernels[0], kUser}) == 2);
  CHECK(f.code({"feed", "change"}, {"nosuch", "--auto"}) == 2);
  CHECK(f.code({"feed", "change"}, {"main"}) == 2);
  CHECK(f.code({"feed", "change"}, {"main", "--auto", "--no-auto"}) == 2);
  CHECK(f.code({"feed", "remove"}, {"nosuch"}) == 2);
  CHECK(f.code({"feed", "remove"}, {"main"}) == 2);
  CHECK(f.code({"feed", "add"}, {"new", "--like", "nosuch"}) == 2);
  CHECK(f.code({"feed", "add"}, {"new", "--like", "main", "--auto"}) == 2);
  CHECK(f.code({"feed", "rollback"}, {"nosuch"}) == 2);
  for (const char* number : {"0", "99", "x", "-1", "1x", "99999999999999999999"})
    CHECK(f.code({"feed", "rollback"}, {"main", "--to", number}) == 2);
  CHECK(visible(f.base) == before);
}

TEST_CASE("what the vendor has withdrawn is refused by enable, and left where it is by the others") {
  const Filled f;
  REQUIRE(typed({"mirror", "withdraw", "--store", f.world.at("store"), kKernels[1]}).code == 0);
  REQUIRE(f.world.import({f.world.export_full()}).code == 0);
  CHECK(f.states() == "ewee");
  CHECK(f.code({"disable"}, {kKernels[3]}) == 0);
  const auto before = visible(f.base);
  const auto refused = f.type({"enable"}, {kKernels[3], kKernels[1]});
  CHECK(refused.code == 1);
  CHECK(says(refused.err, kKernels[1]));
  CHECK(visible(f.base) == before);
  CHECK(f.code({"disable"}, {kKernels[1]}) == 4);
  CHECK(f.code({"feed", "change"}, {"--auto", "main"}) == 4);
  CHECK(f.code({"undeploy-downto"}, {kKernels[1]}) == 0);
  CHECK(f.states() == "ewud");
  CHECK(f.code({"enable-upto"}, {kKernels[1]}) == 4);
  CHECK(f.code({"feed", "rollback"}, {"main", "--to", "2"}) == 0);  // the first import
  CHECK(f.states() == "ewed");
  CHECK(served(f.base).at(khash(1) + "/latest.v1") == "3\n");
}

TEST_CASE("feed add makes an empty feed, one like another, or one that takes all there is") {
  const Filled f;
  REQUIRE(f.code({"disable"}, {kKernels[3]}) == 0);
  REQUIRE(f.code({"undeploy-downto"}, {kKernels[2]}) == 0);
  REQUIRE(f.code({"feed", "add"}, {"empty"}) == 0);
  CHECK(served(f.base, "empty").empty());
  CHECK(f.feed("empty").at("auto") == false);
  const auto like = f.type({"feed", "add"}, {"--like", "main", "Like-Main_2.0", "--json"});
  REQUIRE(like.code == 0);
  CHECK(json_of(like).at("changes").size() == 3);  // what is disabled in every feed was so before anything was copied
  CHECK(f.states("Like-Main_2.0") == f.states());
  CHECK(f.latest("Like-Main_2.0") == f.latest());
  REQUIRE(f.code({"feed", "add"}, {"--auto", "all"}) == 0);
  CHECK(f.states("all") == "eeed");
  CHECK(f.feed("all").at("auto") == true);
  CHECK(audited(f.base, "feed add").size() == 4);  // three feeds, and what one of them copied

  // What comes next goes where it is to go.
  f.world.release_kernels("K20260110_01", {{1, 5}}, 300);
  REQUIRE(f.world.import({f.world.export_full()}).code == 0);
  CHECK(f.latest() == "5\n");
  CHECK(f.latest("all") == "5\n");
  CHECK(f.latest("Like-Main_2.0") == "2\n");
  CHECK(served(f.base, "empty").empty());
  // Typed, and with several feeds at once, one generation each.
  REQUIRE(f.code({"enable"}, {"--feed", "empty", "--feed", "Like-Main_2.0", "--feed", "empty", kKernels[0], "K20260110_01"}) ==
          0);
  CHECK(f.latest("empty") == "5\n");
  CHECK(f.generation("empty") == 2);
}

TEST_CASE("names that would be taken for something else are no names for feeds") {
  const Filled f;
  REQUIRE(f.code({"feed", "add"}, {"test"}) == 0);
  const auto before = visible(f.base);
  const Names bad = {
      "",    "u",     "U",   khash(1), build_id(1), "deadbeef", "DEADBEEF",           ".",    "..",   ".hid", "-x",   "_x",
      "a/b", "../up", "a b", "a\nb",   "\xc3\xa4",  "%2e",      std::string(65, 'x'), "main", "Main", "MAIN", "test", "tEst"};
  for (const auto& name : bad) {
    INFO("'" << name << "'");
    CHECK(typed({"feed", "add", "--base", f.base, "--", name}).code == 2);
    CHECK(visible(f.base) == before);
  }
  for (const auto& name : Names{std::string(64, 'x'), "12h", "a..b", "deadbee", "7"}) {
    INFO(name);
    CHECK(f.code({"feed", "add"}, {name}) == 0);
    CHECK(served(f.base, name).empty());
  }
}

TEST_CASE("a feed that is removed is gone with all that it showed, and one of its name begins anew") {
  const Filled f;
  REQUIRE(f.code({"feed", "add"}, {"--like", "main", "test"}) == 0);
  REQUIRE(f.code({"disable"}, {"--feed", "test", kKernels[3]}) == 0);
  const auto done = f.type({"feed", "remove"}, {"test", "--json"});
  CHECK(done.code == 0);
  CHECK(json_of(done) == json({{"removed", "test"}}));
  CHECK(names_in(f.base + "/feeds") == Names{"main"});
  CHECK(names_in(f.base + "/quarantine").empty());
  CHECK(f.code({"feed", "remove"}, {"test"}) == 2);
  CHECK(f.code({"enable"}, {"--feed", "test", kKernels[3]}) == 2);
  CHECK(audited(f.base, "feed remove") == Names{"test"});
  CHECK(f.states() == "eeee");
  REQUIRE(f.code({"feed", "add"}, {"test"}) == 0);
  CHECK(served(f.base, "test").empty());
  CHECK(f.states("test") == "uuuu");
  CHECK(f.generation("test") == 1);
  CHECK(f.code({"feed", "change"}, {"--auto", "test"}) == 0);  // nobody has decided in the new one
  CHECK(f.states("test") == "eeee");
}

TEST_CASE("killed while it is removed, a feed is there whole or not at all") {
  const Filled f;
  std::mt19937 dice(3);
  int removed = 0;
  for (int i = 0; i < 20; ++i) {
    const int add = f.code({"feed", "add"}, {"--like", "main", "test"});
    REQUIRE((add == 0 || add == 2));
    {
      Process removing({"patchferry", "feed", "remove", "--base", f.base, "test"});
      std::this_thread::sleep_for(std::chrono::milliseconds(dice() % 60));
      removing.kill();
      removing.wait();
    }
    const bool is_known = f.feed("test") != nullptr;  // as any command would, it tidies up
    CHECK(patchferry::exists(f.base + "/feeds/test") == is_known);
    if (is_known) CHECK(served(f.base, "test") == served(f.base));
    removed += is_known ? 0 : 1;
    CHECK(names_in(f.base + "/quarantine").empty());
  }
  CHECK(removed > 0);
}

TEST_CASE("a database from before a feed was added takes nothing away: agents go on getting that feed") {
  const Filled f;
  const std::string database = f.base + "/patchferry.sqlite";
  const std::string before = contents(database);
  REQUIRE(f.code({"feed", "add"}, {"--like", "main", "canary"}) == 0);
  const auto shown = served(f.base, "canary");
  write_contents(database, before);
  CHECK(f.code({"list"}) == 0);
  CHECK(f.code({"enable"}, {kKernels[0]}) == 4);
  CHECK(served(f.base, "canary") == shown);
  const auto doctor = f.type({"doctor"}, {});
  CHECK(says(doctor.out + doctor.err, "feeds/canary"));
  // One that is made anew under this name shows what is decided now.
  REQUIRE(f.code({"feed", "add"}, {"canary"}) == 0);
  CHECK(served(f.base, "canary").empty());
}

TEST_CASE("what is disabled in every feed begins disabled in a new one, whatever fills it") {
  const Filled f;
  REQUIRE(f.code({"feed", "add"}, {"--like", "main", "test"}) == 0);
  REQUIRE(f.code({"disable"}, {"--feed", "test", "--feed", "main", kKernels[3]}) == 0);
  REQUIRE(f.code({"disable"}, {"--feed", "test", kKernels[0]}) == 0);
  REQUIRE(f.code({"feed", "add"}, {"later"}) == 0);
  CHECK(f.states("later") == "uuud");
  REQUIRE(f.code({"feed", "change"}, {"--auto", "later"}) == 0);
  CHECK(f.states("later") == "eeed");
  REQUIRE(f.code({"feed", "add"}, {"--auto", "auto"}) == 0);
  CHECK(f.states("auto") == "eeed");
}

TEST_CASE("what a person took out of a feed stays out of one that is made like it") {
  const Filled f;
  REQUIRE(f.code({"undeploy-downto"}, {kKernels[2]}) == 0);
  REQUIRE(f.code({"feed", "add"}, {"--like", "main", "test"}) == 0);
  REQUIRE(f.code({"feed", "change"}, {"--auto", "test"}) == 0);
  CHECK(f.states("test") == "eeuu");
}

TEST_CASE("a patchset whose tree was lost is laid out again when it is enabled") {
  const Filled f;
  const auto whole = served(f.base);
  REQUIRE(f.code({"disable"}, {kKernels[3]}) == 0);
  patchferry::remove_tree(f.base + "/resources/" + kKernels[3]);
  REQUIRE(f.code({"enable"}, {kKernels[3]}) == 0);
  CHECK(served(f.base) == whole);
  // And by the command that makes whole what can be.
  patchferry::remove_tree(f.base + "/resources/" + kKernels[3]);
  CHECK(served(f.base) != whole);
  CHECK(f.code({"archives"}) == 0);
  CHECK(served(f.base) == whole);
  CHECK(f.code({"archives"}) == 4);
}

TEST_CASE("the count of what is served leaves out what only lingers") {
  const World world;
  world.release_kernels("K20260101_01", {{1, 1}, {2, 1}}, 300);
  REQUIRE(world.import({world.export_full()}).code == 0);
  const auto gone = typed({"undeploy-downto", "--base", world.base(), "K20260101_01"});
  CHECK(says(gone.out, "serves 0 kernels"));
  CHECK(served(world.base()).size() > 0);  // the levels, for those who have read a pointer before
  const auto back = typed({"enable", "--base", world.base(), "K20260101_01"});
  CHECK(says(back.out, "serves 2 kernels"));
}

TEST_CASE("feed change tells a feed to take what comes, and what is here that nobody has decided about") {
  const Filled f;
  REQUIRE(f.code({"feed", "change"}, {"main", "--no-auto"}) == 0);
  CHECK(f.code({"feed", "change"}, {"main", "--no-auto"}) == 4);
  f.world.release_kernels("K20260110_01", {{1, 5}}, 300);
  REQUIRE(f.world.import({f.world.export_full()}).code == 0);
  CHECK(f.states() == "eeeeu");
  REQUIRE(f.code({"undeploy-downto"}, {kKernels[3]}) == 0);  // the newest too: a person has decided now
  REQUIRE(f.code({"disable"}, {kKernels[0]}) == 0);
  f.world.release_kernels("K20260111_01", {{1, 6}}, 300);
  REQUIRE(f.world.import({f.world.export_full()}).code == 0);
  CHECK(f.states() == "deeuuu");
  const auto on = f.type({"feed", "change"}, {"main", "--auto", "--json"});
  REQUIRE(on.code == 0);
  CHECK(json_of(on).at("changes") == json::array({moved("main", "K20260111_01", "undeployed", "enabled")}));
  CHECK(json_of(on).at("kept").size() == 3);
  CHECK(f.states() == "deeuue");
  CHECK(f.code({"feed", "change"}, {"main", "--auto"}) == 4);
  f.world.release_kernels("K20260112_01", {{1, 7}}, 300);
  REQUIRE(f.world.import({f.world.export_full()}).code == 0);
  CHECK(f.states() == "deeuuee");
  CHECK(audited(f.base, "feed change") == Names{"main, not automatic", "main, automatic"});
  CHECK(audited(f.base, "update") == Names{"main: K20260111_01"});
}

TEST_CASE("feed list tells what is in each feed, and where a rollback can go") {
  const Filled f;
  REQUIRE(f.code({"disable"}, {kKernels[3]}) == 0);
  REQUIRE(f.code({"undeploy-downto"}, {kKernels[2]}) == 0);
  REQUIRE(f.code({"feed", "add"}, {"a-test"}) == 0);
  const auto list = json_of(f.type({"feed", "list"}, {"--json"})).at("feeds");
  REQUIRE(list.size() == 2);
  CHECK(list.at(0).at("name") == "a-test");
  const auto main = list.at(1);
  CHECK(main.at("enabled") == 3);
  CHECK(main.at("disabled") == 1);
  CHECK(main.at("undeployed") == 1);
  CHECK(main.at("withdrawn") == 0);
  CHECK(main.at("newest") == json({{"kernel", kKernels[1]}, {"user", kUser}}));
  const auto kept = main.at("generations");
  REQUIRE(kept.size() == main.at("generation").get<std::size_t>());
  CHECK(kept.back().at("number") == main.at("generation"));
  const auto text = f.type({"feed", "list"});
  CHECK(says(text.out, kKernels[1] + " " + kUser));
  CHECK(f.code({"feed", "list"}, {"main"}) == 2);
}

TEST_CASE("a rollback shows what a generation showed, as a new one; what it takes out stays out") {
  const Filled f;
  const auto full = f.generation();
  const auto whole = served(f.base);
  REQUIRE(f.code({"undeploy-downto"}, {kKernels[2]}) == 0);
  REQUIRE(f.code({"undeploy-downto"}, {kKernels[1]}) == 0);
  const auto back = f.type({"feed", "rollback"}, {"main"});
  REQUIRE(back.code == 0);
  CHECK(says(back.out, fmt::format("shows what generation {} showed", full + 1)));
  CHECK(f.states() == "eeuu");
  CHECK(f.generation() == full + 3);
  CHECK(f.code({"feed", "rollback"}, {"main"}) == 0);  // typed twice, it comes back
  CHECK(f.states() == "euuu");
  REQUIRE(f.code({"feed", "rollback"}, {"main", "--to", std::to_string(full), "--json"}) == 0);
  CHECK(f.states() == "eeee");
  CHECK(served(f.base) == whole);
  CHECK(f.code({"feed", "rollback"}, {"main", "--to", std::to_string(full)}) == 4);

  // Back to the beginning: nothing automatic brings again what a person has rolled back, but what is new comes.
  REQUIRE(f.code({"feed", "rollback"}, {"main", "--to", "1"}) == 0);
  CHECK(f.states() == "uuuu");
  CHECK(f.code({"feed", "change"}, {"main", "--auto"}) == 4);
  CHECK(f.world.import({f.world.export_full()}).code == 0);
  CHECK(f.states() == "uuuu");
  f.world.release_kernels("K20260110_01", {{1, 5}}, 300);
  REQUIRE(f.world.import({f.world.export_full()}).code == 0);
  CHECK(f.states() == "uuuue");
  CHECK(f.latest() == "5\n");
  const auto log = audited(f.base, "feed rollback");
  REQUIRE(log.size() == 4);
  CHECK(says(log[0], fmt::format("to generation {}, main: {}", full + 1, kKernels[1])));

  REQUIRE(f.code({"feed", "add"}, {"test"}) == 0);
  const auto nothing = f.type({"feed", "rollback"}, {"test"});
  CHECK(nothing.code == 2);
  CHECK(says(nothing.err, "shown nothing else"));
}

TEST_CASE("a rollback says what servers lose by it, and that nothing is served any more, with --quiet and --json too") {
  const Filled f;
  const auto full = f.generation();
  REQUIRE(f.code({"undeploy-downto"}, {kKernels[2]}) == 0);
  REQUIRE(f.code({"feed", "rollback"}, {"main", "--to", std::to_string(full)}) == 0);
  const auto lower = f.type({"feed", "rollback"}, {"main", "--to", std::to_string(full + 1)});
  CHECK(lower.code == 0);
  CHECK(says(lower.err, "LOWERED: 1"));
  CHECK_FALSE(says(lower.err, "serves nothing"));
  const std::string nothing = "feed main serves nothing now; it served ";
  for (const char* how : {"--quiet", "--json"}) {
    INFO(how);
    REQUIRE(f.code({"feed", "rollback"}, {"main", "--to", std::to_string(full)}) == 0);
    const auto back = f.type({"feed", "rollback"}, {"main", "--to", "1", how});
    INFO(back.err);
    CHECK(back.code == 0);
    CHECK(f.latest().empty());
    CHECK(says(back.err, nothing + "2 kernels and build ids before"));
    CHECK(says(back.err, "NO LONGER SERVED: 2"));
    if (std::string(how) == "--json") CHECK(json_of(back).at("kernels").size() == 2);
  }
}

TEST_CASE("a rollback says what it leaves out: what was disabled since, and what the vendor has withdrawn") {
  const Filled f;
  const auto full = f.generation();
  REQUIRE(f.code({"disable"}, {kKernels[0]}) == 0);
  REQUIRE(f.code({"undeploy-downto"}, {kKernels[2]}) == 0);
  const auto back = f.type({"feed", "rollback"}, {"main", "--to", std::to_string(full)});
  CHECK(back.code == 0);
  CHECK(says(back.err, std::string(kKernels[0]) + " stays disabled in main"));
  CHECK(says(back.out, "but for 1 patchset"));
  CHECK(f.states() == "deee");
}

TEST_CASE("what an import stored for no feed is enabled by hand") {
  const Filled f({"--no-deploy"});
  CHECK(f.states() == "uuuu");
  CHECK(served(f.base).empty());
  REQUIRE(f.code({"enable"}, {kKernels[1]}) == 0);
  CHECK(f.latest() == "2\n");
  REQUIRE(f.code({"enable-upto"}, {kKernels[3]}) == 0);
  CHECK(f.latest() == "4\n");
  CHECK(f.states() == "eeee");
}

TEST_CASE("what was stored and never unpacked is unpacked when somebody enables it, and not before") {
  const Stored s;
  CHECK(names_in(s.base + "/resources").empty());
  SECTION("one") {
    REQUIRE(s.type({"enable", kKernels[1]}).code == 0);
    CHECK(names_in(s.base + "/resources") == Names{kKernels[1]});
  }
  SECTION("and its contents are lost") {
    patchferry::remove_tree(s.base + "/objects");
    REQUIRE(s.type({"enable", kKernels[1]}).code == 0);
  }
  SECTION("disabled") {
    REQUIRE(s.type({"disable", kKernels[1]}).code == 0);
    CHECK(names_in(s.base + "/resources").empty());
    REQUIRE(s.type({"enable", kKernels[1]}).code == 0);
  }
  SECTION("by a feed that takes all") {
    REQUIRE(s.type({"feed", "add", "--auto", "test"}).code == 0);
    CHECK(names_in(s.base + "/resources").size() == kKernels.size());
    CHECK(served(s.base).empty());
    CHECK(served(s.base, "test").size() == 9);
    REQUIRE(s.type({"enable", kKernels[1]}).code == 0);
  }
  CHECK(served(s.base).size() == 3);
  REQUIRE(s.type({"enable-upto", kKernels[3]}).code == 0);
  for (unsigned level = 1; level <= 4; ++level)
    CHECK(served(s.base).at(fmt::format("{}/{}/kpatch.bin", khash(1), level)) == noise(1000 + level, 300));
  CHECK(names_in(s.base + "/quarantine").empty());
}

TEST_CASE("what can no longer be unpacked is refused by name, and no feed changes") {
  const Stored s;
  patchferry::remove_file(s.base + "/arch/" + kKernels[1] + ".tar.bz2");
  const auto before = visible(s.base);
  const auto refused = s.type({"enable-upto", kKernels[3]});
  CHECK(refused.code == 1);
  CHECK(says(refused.err, kKernels[1]));
  CHECK(visible(s.base) == before);
  CHECK(names_in(s.base + "/quarantine").empty());
  CHECK(s.type({"enable", kKernels[3]}).code == 0);
  CHECK(served(s.base).size() == 3);
}

TEST_CASE("what can no longer be unpacked keeps nothing else from being taken by itself") {
  const Stored s;
  patchferry::remove_file(s.base + "/arch/" + kKernels[1] + ".tar.bz2");
  const auto done = s.type({"feed", "change", "--auto", "main"});
  INFO(done.err);
  CHECK(done.code == 5);
  CHECK(says(done.err, kKernels[1]));
  CHECK(served(s.base).at(khash(1) + "/latest.v1") == "4\n");
  CHECK(served(s.base).count(khash(1) + "/2/kpatch.bin") == 0);
  CHECK(names_in(s.base + "/quarantine").empty());
  CHECK(typed({"tick", "--base", s.base}).code == 5);  // until somebody has looked at it
}

TEST_CASE("adopted without being deployed, an archive is unpacked when it is enabled") {
  const World world;
  const std::string name = "K20260105_01";
  write_archive(world.at("downloads/" + name + ".tar.bz2"), kernel_release(name, {{1, 1}}, 300));
  REQUIRE(typed({"adopt", "--base", world.base(), world.at("downloads"), "--no-deploy"}).code == 0);
  CHECK(names_in(world.base() + "/resources").empty());
  SECTION("enable") { REQUIRE(typed({"enable", "--base", world.base(), name}).code == 0); }
  SECTION("update") { REQUIRE(typed({"feed", "change", "--auto", "--base", world.base(), "main"}).code == 0); }
  SECTION("deploy") { REQUIRE(typed({"deploy", "--base", world.base(), world.at("downloads/" + name + ".tar.bz2")}).code == 0); }
  CHECK(served(world.base()).at(khash(1) + "/1/kpatch.bin") == noise(1001, 300));
  world.check_archives(world.base(), {name});
}

TEST_CASE("going back with a permit and forward again leaves what people have decided, and what nobody has, as it was") {
  const World world;
  const std::string base = world.base();
  Names bundles;
  for (unsigned i = 1; i <= 3; ++i) {
    world.release(fmt::format("K2026010{}_01", i), kernel_release(fmt::format("K2026010{}_01", i), {{1, i}}, 300));
    world.release_kernels(fmt::format("K2026010{}_02", i), {{2, i}}, 300);
    bundles.push_back(world.export_more(i == 1 ? Words{"--full"} : Words{"--receipt", world.receipt(base)}));
    REQUIRE(world.import({bundles.back()}).code == 0);
  }
  const auto type = [&](Words words) {
    words.insert(words.end(), {"--base", base});
    const auto done = typed(words);
    INFO(done.err);
    REQUIRE(done.code == 0);
  };
  const auto states = [&](const std::string& feed) {
    std::string out;
    const auto list = json_of(typed({"list", "--base", base, "--json"}));
    for (const auto& p : list.at("patchsets")) out += p.at("feeds").value(feed, "undeployed").substr(0, 1);
    return out;
  };
  const auto go_to = [&](unsigned number) {
    const std::string permit = world.at("permit-" + std::to_string(number));
    type({"receipt", "--out", permit + ".receipt"});
    REQUIRE(typed({"permit", "make", "--store", world.at("store"), "--site", "plant1", "--bundle", std::to_string(number),
                   "--key", world.at("ops.key"), "--receipt", permit + ".receipt", "--out", permit})
                .code == 0);
    const auto done = world.import({bundles.at(number - 1), "--rollback", permit});
    INFO(done.out << done.err);
    REQUIRE(done.code == 0);
  };
  type({"feed", "add", "test"});
  type({"enable", "--feed", "test", "K20260102_01"});
  type({"disable", "K20260102_01"});
  type({"undeploy-downto", "K20260103_02"});
  CHECK(states("main") == "eedeeu");
  CHECK(states("test") == "uueuuu");
  go_to(1);
  CHECK(states("main") == "eedddd");
  CHECK(states("test") == "uudddd");
  type({"enable", "--feed", "test", "K20260102_01"});
  type({"disable", "--feed", "test", "K20260102_01"});
  CHECK(states("main") == "eedddd");
  go_to(2);
  CHECK(states("main") == "eededd");  // what a person has disabled before stays so
  CHECK(states("test") == "uududd");  // disabled by a person since; back to where nobody had decided
  type({"feed", "change", "--auto", "test"});
  CHECK(states("test") == "eededd");
}

TEST_CASE("killed at any moment of a change, a feed shows the old state or the new, and the next command completes it") {
  const Filled f;
  std::mt19937 dice(11);
  const auto whole = f.latest();
  for (int i = 0; i < 20; ++i) {
    const bool out = f.states() == "eeee";
    {
      Process changing(
          {"patchferry", out ? "undeploy-downto" : "enable-upto", "--base", f.base, out ? kKernels[1] : kKernels[3]});
      std::this_thread::sleep_for(std::chrono::milliseconds(dice() % 50));
      changing.kill();
      changing.wait();
    }
    const std::string between = f.latest();
    CHECK((between == "4\n" || between == "1\n"));
    const std::string now = f.states();
    CHECK((now == "eeee" || now == "euuu"));
    CHECK(f.latest() == (now == "eeee" ? "4\n" : "1\n"));
    const auto shown = served(f.base);
    CHECK(std::none_of(shown.begin(), shown.end(), [](const auto& one) { return one.second == "(broken)"; }));
  }
}
