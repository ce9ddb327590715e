// SPDX-License-Identifier: Apache-2.0
// Archives without a bundle.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <random>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "bundle-format/hash.h"
#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;
using nlohmann::json;

namespace {

using Names = std::vector<std::string>;

/// In release order, which is neither that of the alphabet nor that of `sort -h`; the last but one issues a level again.
const Names kReleases = {"K31122025_1", "K20260105_09", "K20260105_10", "K06012026_1"};

struct Downloads {
  World world;
  std::string base = world.base();

  Downloads() {
    write(kReleases[0], kernel_release(kReleases[0], {{1, 1}, {2, 1}}, 300));
    write(kReleases[1], kernel_release(kReleases[1], {{1, 2}}, 300));
    auto again = kernel_release(kReleases[2], {{1, 2}, {3, 1}}, 300);
    again[0].content = "issued again";
    write(kReleases[2], again);
    write(kReleases[3], kernel_release(kReleases[3], {{2, 2}, {3, 1}}, 300));
  }
  void write(const std::string& name, const std::vector<Member>& members) const { write_archive(path(name), members); }
  std::string path(const std::string& name) const { return world.at("downloads/" + name + ".tar.bz2"); }
  Words paths(const Names& names) const {
    Words out;
    for (const auto& name : names) out.push_back(path(name));
    return out;
  }
  Outcome deploy(const Words& more, const std::string& into = "") const {
    Words words = {"deploy", "--base", into.empty() ? base : into};
    words.insert(words.end(), more.begin(), more.end());
    return typed(words);
  }
  std::string state_of(const std::string& name, const std::string& feed = "main") const {
    const auto list = json_of(typed({"list", "--base", base, "--json"}));
    for (const auto& p : list.at("patchsets"))
      if (p.at("name") == name) return p.at("feeds").value(feed, "nowhere");
    return "not here";
  }
};

Names text_list(const json& list, const char* key = nullptr) {
  Names out;
  for (const auto& one : list) out.push_back(key == nullptr ? one : one.at(key));
  return out;
}

/// What an agent and an administrator see, but for generations: these depend on how many commands it took.
std::map<std::string, std::string> seen(const std::string& base) {
  auto out = served(base);
  for (const auto& [path, what] : visible(base))
    if (!path.starts_with("feeds/")) out[path] = what;
  return out;
}

}  // namespace

TEST_CASE("several archives at once are deployed in release order, whatever the order on the command line") {
  const Downloads d;
  Words words = d.paths({kReleases[2], kReleases[0], kReleases[3], kReleases[1]});
  words.push_back("--json");
  const auto done = d.deploy(words);
  INFO(done.err);
  REQUIRE(done.code == 0);
  const auto report = json_of(done);
  CHECK(text_list(report.at("stored")) == kReleases);
  CHECK(report.at("refused").empty());
  CHECK(text_list(report.at("changes"), "patchset") == kReleases);
  CHECK(report.at("changes").at(0) ==
        json({{"feed", "main"}, {"from", "undeployed"}, {"patchset", kReleases[0]}, {"to", "enabled"}}));
  REQUIRE(report.at("published").size() == 1);
  CHECK(report.at("published").at(0).at("reissued") == json::array({khash(1) + "/2"}));
  d.world.check_archives(d.base, kReleases);
  const auto feed = served(d.base);
  CHECK(feed.at(khash(1) + "/2/kpatch.bin") == "issued again");
  CHECK(feed.at(khash(2) + "/latest.v1") == "2\n");
  const auto log = audited(d.base, "deploy");
  REQUIRE(log.size() == 1);
  CHECK(says(log[0], kReleases[0] + " enabled in main"));
  CHECK(says(log[0], "unsigned: " + kReleases[0]));
  CHECK(says(log[0], kReleases[0] + " " + kReleases[1]));
  CHECK(names_in(d.base + "/quarantine").empty());

  CHECK(d.deploy(d.paths(kReleases)).code == 4);
  CHECK(audited(d.base, "deploy").size() == 1);
  const auto list = json_of(typed({"list", "--base", d.base, "--json"}));
  for (const auto& p : list.at("patchsets")) CHECK(p.at("authenticated") == false);
}

TEST_CASE("one by one in any of 24 orders, or at once, four archives give the same feed") {
  const Downloads d;
  REQUIRE(d.deploy(d.paths(kReleases)).code == 0);
  const auto wanted = seen(d.base);
  Names order = kReleases;
  std::sort(order.begin(), order.end());
  do {
    const TempFolder folder;
    const std::string one_by_one = folder / "one", at_once = folder / "all";
    d.world.init(one_by_one);
    d.world.init(at_once);
    for (const auto& name : order) REQUIRE(d.deploy({d.path(name)}, one_by_one).code == 0);
    REQUIRE(d.deploy(d.paths(order), at_once).code == 0);
    INFO(order[0] << " " << order[1] << " " << order[2] << " " << order[3]);
    CHECK((seen(one_by_one) == wanted));
    CHECK((seen(at_once) == wanted));
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("deploy --disabled stores, and keeps out of the feed until somebody enables it") {
  const Downloads d;
  REQUIRE(d.deploy({"--disabled", d.path(kReleases[0])}).code == 0);
  CHECK(d.state_of(kReleases[0]) == "disabled");
  CHECK(served(d.base).empty());
  d.world.check_archives(d.base, {kReleases[0]});
  REQUIRE(d.deploy(d.paths(kReleases)).code == 0);
  CHECK(d.state_of(kReleases[0]) == "disabled");  // named again, and still what a person has decided
  CHECK(d.state_of(kReleases[1]) == "enabled");
  CHECK(served(d.base).count(khash(2) + "/1/kpatch.bin") == 0);
  CHECK(typed({"enable-upto", "--base", d.base, kReleases[3]}).code == 4);
  REQUIRE(typed({"enable", "--base", d.base, kReleases[0]}).code == 0);
  CHECK(served(d.base).count(khash(2) + "/1/kpatch.bin") == 1);
}

TEST_CASE("deploy --feed fills the feeds that are named, and an unknown one stores nothing") {
  const Downloads d;
  REQUIRE(typed({"feed", "add", "--base", d.base, "test"}).code == 0);
  const auto before = visible(d.base);
  const auto unknown = d.deploy({"--feed", "test", "--feed", "nosuch", d.path(kReleases[0])});
  CHECK(unknown.code == 2);
  CHECK(says(unknown.err, "nosuch"));
  CHECK(visible(d.base) == before);

  REQUIRE(d.deploy({"--feed", "test", d.path(kReleases[0])}).code == 0);
  CHECK(d.state_of(kReleases[0], "test") == "enabled");
  CHECK(d.state_of(kReleases[0]) == "undeployed");
  CHECK(served(d.base).empty());
  CHECK(served(d.base, "test").count(khash(1) + "/1/kpatch.bin") == 1);
  // The same archive into another feed is no new patchset.
  const auto again = d.deploy({"--feed", "main", "--feed", "test", "--json", d.path(kReleases[0])});
  CHECK(again.code == 0);
  CHECK(json_of(again).at("stored").empty());
  CHECK(served(d.base) == served(d.base, "test"));
}

TEST_CASE("a damaged archive beside good ones is refused, and the good ones are in") {
  const Downloads d;
  const std::string whole = contents(d.path(kReleases[1]));
  const std::string bad = d.world.at("downloads/K20260107_01.tar.bz2");
  write_contents(bad, whole.substr(0, whole.size() / 2));
  const std::string nameless = d.world.at("downloads/renamed.tar.bz2");
  write_contents(nameless, whole);
  const auto done = d.deploy({d.path(kReleases[0]), bad, d.path(kReleases[3]), nameless, "--json"});
  INFO(done.err);
  CHECK(done.code == 5);
  const auto report = json_of(done);
  CHECK(text_list(report.at("stored")) == Names{kReleases[0], kReleases[3]});
  CHECK(text_list(report.at("refused"), "file") == Names{nameless, bad});
  CHECK(says(done.err, bad));
  d.world.check_archives(d.base, {kReleases[0], kReleases[3]});
  CHECK(names_in(d.base + "/resources") == Names{kReleases[3], kReleases[0]});
  CHECK(names_in(d.base + "/quarantine").empty());

  const auto before = visible(d.base);
  CHECK(d.deploy({bad, nameless}).code == 1);
  CHECK(d.deploy({bad, d.path(kReleases[0])}).code == 1);  // nothing new, and one refused
  CHECK(visible(d.base) == before);
}

TEST_CASE("other bytes under a name that is here are refused, and nothing is changed") {
  const Downloads d;
  REQUIRE(d.deploy({d.path(kReleases[0])}).code == 0);
  const auto before = visible(d.base);
  d.write(kReleases[0], kernel_release(kReleases[0], {{1, 9}}, 300));
  const auto done = d.deploy({"--json", d.path(kReleases[0])});
  CHECK(done.code == 1);
  CHECK(text_list(json_of(done).at("refused"), "kind") == Names{"conflict"});
  CHECK(d.deploy({d.path(kReleases[0]), d.path(kReleases[1])}).code == 5);
  CHECK(d.state_of(kReleases[1]) == "enabled");
  CHECK(visible(d.base).at("arch/" + kReleases[0] + ".tar.bz2") == before.at("arch/" + kReleases[0] + ".tar.bz2"));
  CHECK(typed({"disable", "--base", d.base, kReleases[0], kReleases[1]}).code == 0);
  CHECK(d.deploy({d.path(kReleases[0])}).code == 1);
}

TEST_CASE("what is no archive is a usage error, and nothing is stored of the others") {
  const Downloads d;
  const auto before = visible(d.base);
  const std::string pipe = d.world.at("downloads/K20260108_01.tar.bz2");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const std::string link = d.world.at("downloads/K20260109_01.tar.bz2");
  make_symlink("nowhere", link);
  const std::string folder = d.world.at("downloads");
  REQUIRE(typed({"feed", "list", "--base", d.base}).code == 0);
  for (const Words& bad : {Words{pipe}, Words{link}, Words{folder}, Words{d.world.at("nosuch.tar.bz2")}, Words{},
                           Words{d.path(kReleases[1]), d.path(kReleases[1])}, Words{d.path(kReleases[1]), "--signature", "x"}}) {
    Words words = bad;
    words.push_back(d.path(kReleases[0]));
    if (bad.empty()) words.clear();
    const auto done = d.deploy(words);
    INFO(done.err);
    CHECK(done.code == 2);
    CHECK(visible(d.base) == before);
  }
  CHECK(typed({"list", "--base", d.base}).code == 0);
  CHECK(names_in(d.base + "/quarantine").empty());
}

TEST_CASE("an archive deployed by hand and the bundle that brings it meet, in either order") {
  const World world;
  const std::string name = "K20260105_01", next = "K20260106_01";
  world.release_kernels(name, {{1, 1}}, 300);
  world.release_kernels(next, {{1, 2}}, 300);
  const std::string archive = world.at("downloads/" + name + ".tar.bz2");
  const std::string bundle = world.export_full();
  const auto check_both = [&] {
    world.check_archives(world.base(), {name, next});
    CHECK(served(world.base()).size() == 5);
    CHECK(served(world.base()).at(khash(1) + "/latest.v1") == "2\n");
  };
  SECTION("deployed first") {
    REQUIRE(typed({"deploy", "--base", world.base(), archive}).code == 0);
    CHECK(json_of(typed({"list", "--base", world.base(), "--json"})).at("patchsets").at(0).at("authenticated") == false);
    REQUIRE(world.import({bundle}).code == 0);
    check_both();
    CHECK(json_of(typed({"list", "--base", world.base(), "--json"})).at("patchsets").at(0).at("authenticated") == true);
  }
  SECTION("imported first") {
    REQUIRE(world.import({bundle}).code == 0);
    CHECK(typed({"deploy", "--base", world.base(), archive}).code == 4);
    check_both();
  }
  SECTION("deployed first, and kept out") {
    const std::string other = world.at("other");
    world.init(other);
    REQUIRE(typed({"deploy", "--base", other, "--disabled", archive}).code == 0);
    REQUIRE(world.import_into(other, {bundle}).code == 0);
    CHECK(served(other).count(khash(1) + "/1/kpatch.bin") == 0);
    CHECK(served(other).at(khash(1) + "/latest.v1") == "2\n");
  }
  SECTION("other bytes than the bundle has") {
    const std::string other = world.at("other");
    world.init(other);
    write_archive(world.at("elsewhere.tar.bz2"), kernel_release(name, {{1, 7}}, 300));
    make_folder(world.at("wrong"));
    write_contents(world.at("wrong/" + name + ".tar.bz2"), contents(world.at("elsewhere.tar.bz2")));
    REQUIRE(typed({"deploy", "--base", other, world.at("wrong/" + name + ".tar.bz2")}).code == 0);
    const auto done = world.import_into(other, {bundle});
    CHECK(done.code == 0);
    CHECK(says(done.out, "REPLACED"));
    world.check_archives(other, {name, next});
    CHECK(served(other).at(khash(1) + "/latest.v1") == "2\n");
    CHECK(served(other).count(khash(1) + "/7/kpatch.bin") == 0);
  }
}

TEST_CASE("what the vendor has withdrawn may be deployed, and no feed shows it") {
  const World world;
  const std::string name = "K20260105_01", next = "K20260106_01";
  world.release_kernels(name, {{1, 1}}, 300);
  world.release_kernels(next, {{1, 2}}, 300);
  REQUIRE(typed({"mirror", "withdraw", "--store", world.at("store"), name}).code == 0);
  REQUIRE(world.import({world.export_full()}).code == 0);
  const auto done = typed({"deploy", "--base", world.base(), "--json", world.at("downloads/" + name + ".tar.bz2")});
  INFO(done.err);
  CHECK(done.code == 0);
  const auto report = json_of(done);
  CHECK(report.at("changes").empty());
  CHECK(report.at("kept").at(0).at("state") == "withdrawn");
  CHECK(served(world.base()).count(khash(1) + "/1/kpatch.bin") == 0);
  CHECK(typed({"enable", "--base", world.base(), name}).code == 1);
  CHECK(typed({"deploy", "--base", world.base(), world.at("downloads/" + name + ".tar.bz2")}).code == 4);
}

TEST_CASE("a disk that is full leaves everything as it was, and the same command works once there is room") {
  if (const auto reason = MemoryFileSystem::why_not(); !reason.empty()) {
    WARN("skipped: " << reason);
    return;
  }
  const World world;
  Words words;
  for (unsigned i = 1; i <= 3; ++i) {
    const std::string name = "K2026010" + std::to_string(i) + "_01";
    write_archive(world.at("downloads/" + name + ".tar.bz2"), kernel_release(name, {{i, 1}}, 400'000));
    words.push_back(world.at("downloads/" + name + ".tar.bz2"));
  }
  const std::string small = world.at("small");
  make_folder(small);
  MemoryFileSystem disk(small, "size=64m");
  const std::string base = small + "/base";
  world.init(base);
  words.insert(words.begin(), {"deploy", "--base", base});
  REQUIRE(typed({"feed", "list", "--base", base}).code == 0);
  const auto before = visible(base);
  for (const char* size :
       {"size=1m", "size=1500k", "size=2m", "size=2300k"}) {  // as many bytes as copies, and fewer than with contents
    disk.change(size);
    const auto full = typed(words);
    INFO(size << "\n" << full.err);
    CHECK(full.code == 3);
    CHECK(visible(base) == before);
    CHECK(names_in(base + "/quarantine").empty());  // what has filled the disk does not stay there
  }
  disk.change("size=64m");
  const auto done = typed(words);
  INFO(done.err);
  CHECK(done.code == 0);
  CHECK(served(base).size() == 9);
  CHECK(names_in(base + "/quarantine").empty());
}

TEST_CASE("killed at any moment, a deployment of several archives is there or it is not, and the same command finishes it") {
  const World world;
  Words names;
  std::map<std::string, std::string> wanted;
  for (unsigned i = 1; i <= 4; ++i) {
    names.push_back("K2026010" + std::to_string(i) + "_01");
    write_archive(world.at("downloads/" + names.back() + ".tar.bz2"),
                  kernel_release(names.back(), {{1, i}, {i + 1, i}}, 100'000));
  }
  const auto command = [&](const std::string& base) {
    Words words = {"patchferry", "deploy", "--base", base};
    for (const auto& name : names) words.push_back(world.at("downloads/" + name + ".tar.bz2"));
    return words;
  };
  REQUIRE(run(command(world.base())).code == 0);
  wanted = seen(world.base());
  std::mt19937 dice(7);
  int killed = 0;
  for (int i = 0; i < 10; ++i) {  // tests/crash does it at every call
    const TempFolder folder;
    const std::string base = folder / "base";
    world.init(base);
    {
      Process deploying(command(base));
      std::this_thread::sleep_for(std::chrono::milliseconds(dice() % 100));
      deploying.kill();
      if (deploying.wait().code == 137) ++killed;
    }
    const auto list = typed({"list", "--base", base, "--json"});
    INFO(list.err);
    REQUIRE(list.code == 0);
    const auto there = json_of(list).at("patchsets").size();
    CHECK((there == 0 || there == names.size()));
    CHECK(served(base).empty() == (there == 0));
    const int code = run(command(base)).code;
    CHECK(code == (there == 0 ? 0 : 4));
    CHECK((seen(base) == wanted));
    CHECK(names_in(base + "/quarantine").empty());
    CHECK(audited(base, "deploy").size() == 1);
  }
  CHECK(killed > 0);
}
