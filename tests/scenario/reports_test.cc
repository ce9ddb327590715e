// SPDX-License-Identifier: Apache-2.0
// What people read before and after a change: the plan in kernels and CVEs, feeds compared, one patchset in full, history.
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/scenario/world.h"

using namespace patchferry::test;
using nlohmann::json;

namespace {

const std::string kOld = "K20260105_01", kNew = "K20260114_02", kNewest = "K20260120_01";

std::string kernel(unsigned number) { return "6.1.0-" + std::to_string(number) + "-scenario-amd64"; }

/// {"CVE-2026-1001": ["6.1.0-1-…"], …}
std::map<std::string, std::vector<std::string>> by_cve(const json& cves) {
  std::map<std::string, std::vector<std::string>> out;
  for (const auto& one : cves) out[one.at("cve")] = one.at("kernels");
  return out;
}

using Cves = std::map<std::string, std::vector<std::string>>;

json patchferry_json(Words words) {
  words.emplace_back("--json");
  return json_of(typed(std::move(words)));
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Two releases imported into main, which then waits; feed test takes everything.
struct TwoFeeds {
  World world;
  std::string base = world.base();

  TwoFeeds() {
    world.release_kernels(kOld, {{1, 2}, {2, 1}});
    REQUIRE(typed({"feed", "add", "--base", base, "--auto", "test"}).code == 0);
    REQUIRE(world.import({world.export_full()}).code == 0);
    REQUIRE(typed({"feed", "change", "--base", base, "--no-auto", "main"}).code == 0);
    world.release_kernels(kNew, {{1, 3}, {3, 1}});
    REQUIRE(world.import({world.export_more({"--receipt", world.receipt(base)})}).code == 0);
  }
};

}  // namespace

TEST_CASE("feed diff tells what one feed would gain and lose if it became like another") {
  const TwoFeeds f;
  const auto gain = patchferry_json({"feed", "diff", "--base", f.base, "test", "main"});
  CHECK(gain.at("feed") == "main");
  CHECK(gain.at("like") == "test");
  CHECK(gain.at("same") == false);
  CHECK(gain.at("patchsets") == json({{"gained", {kNew}}, {"lost", json::array()}}));
  CHECK(by_cve(gain.at("cves").at("gained")) == Cves{{"CVE-2026-1001", {kernel(3)}}, {"CVE-2026-1003", {kernel(1)}}});
  CHECK(gain.at("cves").at("lost").empty());
  CHECK(gain.at("cves").at("highest") == 7.3);
  CHECK(gain.at("cves").at("highest_lost").is_null());
  CHECK(gain.at("unread").empty());
  REQUIRE(gain.at("kernels").size() == 2);
  CHECK(gain["kernels"][0] == json({{"kernel", kernel(1)}, {"ident", khash(1)}, {"from", 2}, {"to", 3}, {"change", "raised"}}));
  CHECK(gain["kernels"][1] ==
        json({{"kernel", kernel(3)}, {"ident", khash(3)}, {"from", nullptr}, {"to", 1}, {"change", "added"}}));

  const auto back = typed({"feed", "diff", "--base", f.base, "main", "test"});
  CHECK(back.code == 0);
  CHECK(says(back.out, "LOST: 2 CVEs for 2 kernels, highest 7.3 (high)"));
  CHECK(says(back.out, "NO LONGER SERVED: 1 kernel"));
  CHECK(says(back.out, "test would lose 1 patchset: " + kNew));
}

TEST_CASE("feed diff of feeds that show the same exits with 4, and an unknown feed with 2") {
  const TwoFeeds f;
  REQUIRE(typed({"enable", "--base", f.base, kNew}).code == 0);
  const auto same = typed({"feed", "diff", "--base", f.base, "test", "main", "--json"});
  CHECK(same.code == 4);
  CHECK(json_of(same).at("same") == true);
  CHECK(typed({"feed", "diff", "--base", f.base, "test", "prod"}).code == 2);
  CHECK(typed({"feed", "diff", "--base", f.base, "test"}).code == 2);
}

TEST_CASE("feed diff claims nothing of a level whose tree is gone") {
  const TwoFeeds f;
  patchferry::remove_tree(f.base + "/resources/" + kNew + "/" + khash(1));
  const auto gain = patchferry_json({"feed", "diff", "--base", f.base, "test", "main"});
  CHECK(by_cve(gain.at("cves").at("gained")) == Cves{{"CVE-2026-1001", {kernel(3)}}});
  CHECK(gain.at("unread") == json::array({{{"kernel", kernel(1)}, {"patchset", kNew}, {"level", 3}}}));
  // Nor of one whose kpatch.info alone is gone: that it closes nothing would be a guess too.
  patchferry::remove_file(f.base + "/resources/" + kNew + "/" + khash(3) + "/1/kpatch.info");
  const auto less = patchferry_json({"feed", "diff", "--base", f.base, "main", "test"});
  CHECK(less.at("cves").at("lost").empty());
  CHECK(less.at("unread").size() == 2);
  CHECK(says(typed({"feed", "diff", "--base", f.base, "test", "main"}).out, "NOT KNOWN: what 2 levels would close"));
}

TEST_CASE("the plan of a bundle says per feed which kernels and CVEs are gained, and by which score") {
  const World world;
  world.release_kernels(kOld, {{1, 2}});
  REQUIRE(world.import({world.export_full()}).code == 0);
  world.release_kernels(kNew, {{1, 3}, {3, 1}});
  const std::string bundle = world.export_more({"--receipt", world.receipt(world.base())});
  for (const Words& words :
       {Words{"diff", "--base", world.base(), bundle}, Words{"import", "--base", world.base(), bundle, "--dry-run"}}) {
    const auto plan = patchferry_json(words);
    CHECK(plan.at("cves").at("highest") == 7.3);
    CHECK(plan.at("cves").at("lost").empty());
    const auto& main = plan.at("feeds").at("main");
    CHECK(main.at("enable") == json::array({kNew}));
    CHECK(by_cve(main.at("cves").at("gained")) == Cves{{"CVE-2026-1001", {kernel(3)}}, {"CVE-2026-1003", {kernel(1)}}});
    CHECK(main.at("cves").at("lost_at_most") == false);
    CHECK(main.at("kernels").at(0) ==
          json({{"kernel", kernel(1)}, {"ident", khash(1)}, {"from", 2}, {"to", nullptr}, {"change", "brought"}}));
    CHECK(main.at("kernels").at(1) ==
          json({{"kernel", kernel(3)}, {"ident", nullptr}, {"from", nullptr}, {"to", nullptr}, {"change", "brought"}}));
    CHECK(first_line(typed(words).out) == "Feed main: closed: 2 CVEs for 2 kernels, highest 7.3 (high)");
  }
}

TEST_CASE("a plan that withdraws says in capitals what is lost, in feeds that wait for people as well") {
  const World world;
  world.release_kernels(kOld, {{1, 2}, {2, 1}});
  world.release_kernels(kNew, {{1, 4}, {3, 1}});
  REQUIRE(world.import({world.export_full()}).code == 0);
  REQUIRE(typed({"feed", "add", "--base", world.base(), "--like", "main", "prod"}).code == 0);
  world.release_kernels(kNewest, {{1, 5}});
  REQUIRE(typed({"mirror", "withdraw", "--store", world.at("store"), kNew}).code == 0);
  const std::string bundle = world.export_more({"--receipt", world.receipt(world.base())});
  const auto plan = patchferry_json({"diff", "--base", world.base(), bundle});

  // prod takes nothing, and so loses for certain.
  const auto& prod = plan.at("feeds").at("prod");
  CHECK(prod.at("enable").empty());
  CHECK(prod.at("disable") == json::array({kNew}));
  const Cves lost = {{"CVE-2026-1001", {kernel(3)}}, {"CVE-2026-1003", {kernel(1)}}, {"CVE-2026-1004", {kernel(1)}}};
  CHECK(by_cve(prod.at("cves").at("lost")) == lost);
  CHECK(prod.at("cves").at("lost_at_most") == false);
  CHECK(prod.at("kernels").at(0).at("change") == "lowered");
  CHECK(prod.at("kernels").at(1).at("change") == "lost");
  // main takes the new one, whose description names what nothing here closes: it may close the others again.
  const auto& main = plan.at("feeds").at("main");
  CHECK(main.at("cves").at("lost_at_most") == true);
  CHECK(by_cve(main.at("cves").at("gained")) == Cves{{"CVE-2026-1005", {kernel(1)}}});
  CHECK(by_cve(plan.at("cves").at("lost")) == lost);
  CHECK(plan.at("cves").at("highest_lost") == 7.4);

  const auto text = typed({"diff", "--base", world.base(), bundle}).out;
  CHECK(text.starts_with("WITHDRAWN BY THE VENDOR: " + kNew +
                         " is disabled in every feed, for good\nFeed main: LOST: up to 3 CVEs for 2 kernels"));
  CHECK(says(text, "Feed prod: LOST: 3 CVEs for 2 kernels, highest 7.4 (high)\nFeed prod: NO LONGER SERVED: 1 kernel"));

  // And so it is, once it is done.
  REQUIRE(world.import({bundle}).code == 0);
  const auto now = patchferry_json({"feed", "diff", "--base", world.base(), "prod", "main"});
  CHECK(by_cve(now.at("cves").at("lost")) ==
        Cves{{"CVE-2026-1003", {kernel(1)}}, {"CVE-2026-1004", {kernel(1)}}, {"CVE-2026-1005", {kernel(1)}}});
}

TEST_CASE("show tells all of a patchset: where it came from, what it closes, what changed, which feeds have it") {
  const TwoFeeds f;
  const auto one = patchferry_json({"show", "--base", f.base, kNew + ".tar.bz2"});
  CHECK(one.at("name") == kNew);
  CHECK(one.at("product") == "kernel");
  CHECK(one.at("released") == "2026-01-14");
  CHECK(one.at("arrived").at("bundle").at("sequence") == 2);
  CHECK(one.at("arrived").at("by") == "import");
  CHECK(one.at("arrived").at("who").is_string());
  CHECK(one.at("authenticated") == true);
  CHECK(one.at("archive").at("state") == "present");
  CHECK(one.at("kernels").size() == 2);
  CHECK(one.at("cves").at("closed").size() == 3);
  CHECK(one.at("cves").at("closed").at(0) == json({{"cve", "CVE-2026-1001"}, {"cvss", 7.1}, {"levels", 2}}));
  CHECK(one.at("before") == kOld);
  CHECK(by_cve(one.at("changes").at("cves").at("gained")) ==
        Cves{{"CVE-2026-1001", {kernel(3)}}, {"CVE-2026-1003", {kernel(1)}}});
  CHECK(one.at("feeds").at("main") == json({{"state", "undeployed"}, {"generation", nullptr}, {"at", nullptr}}));
  CHECK(one.at("feeds").at("test").at("state") == "enabled");
  CHECK(one.at("feeds").at("test").at("generation") == 3);

  const auto first = patchferry_json({"show", "--base", f.base, kOld});
  CHECK(first.at("before").is_null());
  CHECK(first.at("changes").at("kernels").size() == 2);

  const auto text = typed({"show", "--base", f.base, kNew, "--cves"});
  CHECK(text.code == 0);
  CHECK(first_line(text.out) == kNew + ", product kernel, released 2026-01-14");
  CHECK(says(text.out, "Against " + kOld));
  CHECK(says(text.out, "2 of 2"));
}

TEST_CASE("show says how a patchset came without a bundle, and names the nearest for one that is not here") {
  const World world;
  world.release_kernels(kOld, {{1, 2}});
  REQUIRE(typed({"deploy", "--base", world.base(), world.at("downloads/" + kOld + ".tar.bz2")}).code == 0);
  const auto one = patchferry_json({"show", "--base", world.base(), kOld});
  CHECK(one.at("arrived").at("bundle").is_null());
  CHECK(one.at("arrived").at("by") == "deploy");
  CHECK(one.at("authenticated") == false);
  CHECK(says(typed({"show", "--base", world.base(), kOld}).out, "NOT SIGNED"));
  const auto wrong = typed({"show", "--base", world.base(), "K20260105_02"});
  CHECK(wrong.code == 2);
  CHECK(says(wrong.err, "did you mean '" + kOld + "'?"));
  CHECK(typed({"show", "--base", world.base(), "nonsense"}).code == 2);
  CHECK(typed({"show", "--base", world.base()}).code == 2);
}

TEST_CASE("feed history tells each generation's changes, newest first") {
  const TwoFeeds f;
  REQUIRE(typed({"enable", "--base", f.base, kNew}).code == 0);
  REQUIRE(typed({"undeploy-downto", "--base", f.base, kOld}).code == 0);
  const auto all = patchferry_json({"feed", "history", "--base", f.base, "main"});
  CHECK(all.at("feed") == "main");
  const auto& generations = all.at("generations");
  REQUIRE(generations.size() == 4);  // made, import, enable, undeploy-downto
  CHECK(generations[0].at("number") == 4);
  CHECK(generations[0].at("current") == true);
  CHECK(generations[0].at("changes") ==
        json::array({{{"patchset", kOld}, {"from", "enabled"}, {"to", "undeployed"}, {"by", "undeploy-downto"}},
                     {{"patchset", kNew}, {"from", "enabled"}, {"to", "undeployed"}, {"by", "undeploy-downto"}}}));
  CHECK(generations[1].at("changes") ==
        json::array({{{"patchset", kNew}, {"from", "undeployed"}, {"to", "enabled"}, {"by", "enable"}}}));
  CHECK(generations[2].at("changes").at(0).at("by") == "import");
  CHECK(generations[3].at("changes").empty());

  const auto newest = patchferry_json({"feed", "history", "--base", f.base, "main", "--limit", "2"});
  CHECK(newest.at("generations") == json::array({generations[0], generations[1]}));
  CHECK(says(typed({"feed", "history", "--base", f.base, "main"}).out, kOld + ", " + kNew + ": enabled to undeployed"));
  CHECK(typed({"feed", "history", "--base", f.base, "main", "--limit", "0"}).code == 2);
  CHECK(typed({"feed", "history", "--base", f.base, "prod"}).code == 2);
}

TEST_CASE("the log is filtered by patchset, feed and person, by whole words, and imports name the feeds that they changed") {
  const TwoFeeds f;
  REQUIRE(typed({"enable", "--base", f.base, kNew}).code == 0);
  const auto whats = [&](const Words& filter) {
    Words words = {"log", "--base", f.base, "--json"};
    words.insert(words.end(), filter.begin(), filter.end());
    const auto done = typed(words);
    CHECK(done.code == 0);
    std::vector<std::string> out;
    std::istringstream lines(done.out);
    for (std::string line; std::getline(lines, line);) out.push_back(json::parse(line).at("what"));
    return out;
  };
  using Names = std::vector<std::string>;
  CHECK(whats({"--patchset", kNew}) == Names{"import", "enable"});
  CHECK(whats({"--patchset", kOld + ".tar.bz2"}) == Names{"import"});
  CHECK(whats({"--patchset", "K20260105_010"}).empty());
  CHECK(whats({"--feed", "main"}) == Names{"import", "feed change", "enable"});
  CHECK(whats({"--feed", "test"}) == Names{"feed add", "import", "import"});
  CHECK(whats({"--feed", "test", "--patchset", kNew}) == Names{"import"});
  CHECK(whats({"--feed", "mai"}).empty());
  const std::string who = json::parse(first_line(typed({"log", "--base", f.base, "--json"}).out)).at("who");
  CHECK(whats({"--who", who}) == whats({}));
  CHECK(whats({"--who", who + "x"}).empty());
  CHECK(typed({"log", "--base", f.base, "--verify"}).code == 0);
  CHECK(typed({"log", "--base", f.base, "--verify", "--feed", "main"}).code == 2);
  CHECK(typed({"log", "--base", f.base, "--patchset", "nonsense"}).code == 2);
}

TEST_CASE("a plan and a comparison of feeds can be had as a page, which says what the text says") {
  const TwoFeeds f;
  f.world.release_kernels(kNewest, {{1, 9}});
  REQUIRE(typed({"mirror", "withdraw", "--store", f.world.at("store"), kNew}).code == 0);
  const std::string bundle = f.world.export_more({"--receipt", f.world.receipt(f.base)});
  const std::string path = f.world.at("plan.html");
  const auto done = typed({"diff", "--base", f.base, bundle, "--json", "--html", path});
  CHECK(done.code == 0);
  CHECK(json::accept(done.out));
  const std::string plan = contents(path);
  CHECK(says(plan, "<h1>Bundle 3 for site plant1</h1>"));
  CHECK(says(plan, "Withdrawn by the vendor: " + kNew));
  CHECK(says(plan, "Feed test: LOST: up to"));
  CHECK(says(plan, "<code>CVE-2026-1009</code>"));
  CHECK(says(plan, json_of(done).at("bundle").get<std::string>()));
  const auto listed = json_of(typed({"mirror", "list", "--store", f.world.at("store"), "--json"}));
  CHECK(says(plan, listed.at("stream").get<std::string>()));

  // An earlier report is replaced; what is no report is not, and nothing is done.
  CHECK(typed({"import", "--base", f.base, bundle, "--dry-run", "--html", path}).code == 0);
  CHECK(typed({"diff", "--base", f.base, bundle, "--html", f.world.at("ops.pub")}).code == 2);
  CHECK(typed({"diff", "--base", f.base, bundle, "--html", f.world.at("none/plan.html")}).code == 2);
  CHECK(typed({"import", "--base", f.base, bundle, "--html", path}).code == 2);

  const std::string feeds = f.world.at("feeds.html");
  CHECK(typed({"feed", "diff", "--base", f.base, "test", "main", "--html", feeds, "--quiet"}).code == 0);
  CHECK(says(contents(feeds), "<h1>If feed main became like feed test</h1>"));
  CHECK(says(contents(feeds), "<code>CVE-2026-1003</code>"));
}

TEST_CASE("where there is no plan, no report is written") {
  const World world;
  patchferry::make_folder(world.at("empty"));
  const auto done = typed({"diff", "--base", world.base(), world.at("empty"), "--html", world.at("plan.html")});
  CHECK(done.code == 1);
  CHECK(says(done.err, "no report was written"));
  CHECK_FALSE(patchferry::exists(world.at("plan.html")));
}

TEST_CASE("the plan of a rollback says what servers lose by it, and then they have lost just that") {
  const World world;
  world.release_kernels(kOld, {{1, 2}});
  const std::string first = world.export_full();
  REQUIRE(world.import({first}).code == 0);
  world.release_kernels(kNew, {{1, 4}, {2, 1}});
  const std::string second = world.export_more({"--receipt", world.receipt(world.base())});
  REQUIRE(world.import({second}).code == 0);
  REQUIRE(typed({"feed", "add", "--base", world.base(), "--like", "main", "before"}).code == 0);
  const auto permit_for = [&](const std::string& number) {
    const std::string path = world.at("permit" + number);
    REQUIRE(typed({"permit", "make", "--store", world.at("store"), "--site", "plant1", "--bundle", number, "--receipt",
                   world.receipt(world.base()), "--key", world.at("ops.key"), "--out", path})
                .code == 0);
    return path;
  };
  const std::string back = permit_for("1");
  const auto plan = patchferry_json({"import", "--base", world.base(), first, "--rollback", back, "--dry-run"});
  const Cves lost = {{"CVE-2026-1001", {kernel(2)}}, {"CVE-2026-1003", {kernel(1)}}, {"CVE-2026-1004", {kernel(1)}}};
  CHECK(by_cve(plan.at("cves").at("lost")) == lost);
  for (const char* feed : {"main", "before"}) {
    const auto& here = plan.at("feeds").at(feed);
    CHECK(here.at("disable") == json::array({kNew}));
    CHECK(by_cve(here.at("cves").at("lost")) == lost);
    CHECK(here.at("cves").at("lost_at_most") == false);
  }
  const auto text = typed({"import", "--base", world.base(), first, "--rollback", back, "--dry-run"}).out;
  CHECK(text.starts_with("ROLLBACK: " + kNew +
                         " is disabled in every feed\nFeed before: LOST: 3 CVEs for 2 kernels, highest 7.4 (high)\n"));

  REQUIRE(world.import({first, "--rollback", back}).code == 0);
  CHECK(served(world.base()).count(khash(1) + "/latest.v1") == 1);
  CHECK(served(world.base()).at(khash(1) + "/latest.v1") == "2\n");
  CHECK(served(world.base()).count(khash(2) + "/latest.v1") == 0);
}
