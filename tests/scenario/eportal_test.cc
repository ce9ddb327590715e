// SPDX-License-Identifier: Apache-2.0
// kc.eportal: the vendor's words, as habits and scripts type them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

/// A site that the configuration names, since the vendor's grammar has no --base; its drop folder; a folder in place of /tmp.
class Portal {
 public:
  Portal() : configured_(world.at("config.toml")) {
    configure("");
    make_folder(downloads());
  }
  /// `drop`: the folder's name beneath the world's; "" for none.
  void configure(const std::string& drop) const {
    std::string text = fmt::format("base = \"{}\"\n", world.base());
    if (!drop.empty()) text += fmt::format("drop = \"{}\"\n", world.at(drop));
    write_contents(world.at("config.toml"), text);
  }
  std::string downloads() const { return world.at("tmp"); }
  /// The path of an archive of a release with these levels.
  std::string archive(const std::string& name, const std::vector<KernelLevel>& levels) const {
    write_archive(downloads() + "/" + name + ".tar.bz2", kernel_release(name, levels));
    return downloads() + "/" + name + ".tar.bz2";
  }
  std::string user_archive(const std::string& name) const {
    write_archive(downloads() + "/" + name + ".tar.bz2", user_release(name, 1, 2026011201));
    return downloads() + "/" + name + ".tar.bz2";
  }
  /// patchset → state, as `list` has it.
  std::map<std::string, std::string> states(const std::string& feed = "main") const {
    std::map<std::string, std::string> out;
    const auto list = json_of(typed({"list", "--base", world.base(), "--json"}));
    for (const auto& p : list.at("patchsets")) out[p.at("name")] = p.at("feeds").at(feed);
    return out;
  }

  World world;

 private:
  Configured configured_;
};

Outcome portal(Words words) {
  words.insert(words.begin(), "kc.eportal");
  return run(words);
}

Outcome shell(const std::string& line) { return run({"/bin/sh", "-c", "PATH=" + programs_folder() + ":$PATH; " + line}); }

/// That every line of stderr is one of the vendor's log lines, and one of them ends so.
void check_logged(const Outcome& outcome, const std::string& level, const std::string& text) {
  static const std::regex kLine(R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - eportal\.patches - (INFO|WARNING|ERROR) - .+)");
  std::istringstream lines(outcome.err);
  bool found = false;
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(std::regex_match(line, kLine));
    found = found || line.find(" - eportal.patches - " + level + " - " + text) != std::string::npos;
  }
  INFO(outcome.err);
  INFO(text);
  CHECK(found);
}

const std::string kOld = "K04082020_1", kOlder = "K16012017_1", kNine = "K16092020_9", kTen = "K16092020_10",
                  kNew = "K20251112_06";
using States = std::map<std::string, std::string>;

}  // namespace

TEST_CASE(
    "the vendor manual's pipeline works unchanged, twice, and agents get the newest level whatever sort makes of the names") {
  const Portal site;
  // Levels rise with the dates; `sort -h` puts the oldest second, and _10 before _9.
  site.archive(kOlder, {{1, 1}});
  site.archive(kOld, {{1, 2}});
  site.archive(kNine, {{1, 3}});
  site.archive(kTen, {{1, 4}, {2, 1}});
  site.archive(kNew, {{1, 5}});
  const std::string names = "ls " + site.downloads() + "/K*.tar.bz2 | sort -h | ";
  for (const std::string pipeline : {"xargs -n1 kc.eportal kcare deploy", "xargs -n1 kc.eportal kcare deploy"}) {
    const auto done = shell(names + pipeline);
    INFO(done.err);
    CHECK(done.code == 0);
    CHECK(done.out.empty());
    const auto feed = served(site.world.base());
    CHECK(feed.at(khash(1) + "/latest.v1") == "5\n");
    CHECK(feed.at(khash(2) + "/latest.v1") == "1\n");
    for (unsigned level = 1; level <= 5; ++level) CHECK(feed.count(fmt::format("{}/{}/kpatch.bin", khash(1), level)) == 1);
    CHECK(names_in(site.world.base() + "/arch").size() == 5);
  }
  CHECK(site.states() ==
        States{{kOlder, "enabled"}, {kOld, "enabled"}, {kNine, "enabled"}, {kTen, "enabled"}, {kNew, "enabled"}});
}

TEST_CASE("several kc.eportal at once wait for each other") {
  const Portal site;
  for (unsigned i = 1; i <= 8; ++i) site.archive(fmt::format("K202601{:02}_01", i), {{1, i}});
  const auto done = shell("ls " + site.downloads() + "/K*.tar.bz2 | sort -hr | xargs -P4 -n1 kc.eportal kcare deploy");
  INFO(done.err);
  CHECK(done.code == 0);
  CHECK(site.states().size() == 8);
  CHECK(served(site.world.base()).at(khash(1) + "/latest.v1") == "8\n");
}

TEST_CASE("deploying says what has happened in the vendor's log format") {
  const Portal site;
  const std::string archive = site.archive(kOld, {{1, 1}});
  const auto first = portal({"kcare", "deploy", archive});
  CHECK(first.code == 0);
  check_logged(first, "INFO", kOld + " was enabled in main");
  const auto again = portal({"kcare", "deploy", archive});
  CHECK(again.code == 0);
  check_logged(again, "INFO", kOld + " is already enabled in main");

  const auto off = portal({"kcare", "deploy", "--disabled", site.archive(kNew, {{1, 2}})});
  CHECK(off.code == 0);
  check_logged(off, "INFO", kNew + " was deployed but not enabled in main");
  CHECK(site.states().at(kNew) == "disabled");
  const auto stays = portal({"kcare", "deploy", site.downloads() + "/" + kNew + ".tar.bz2"});
  CHECK(stays.code == 0);
  check_logged(stays, "WARNING", kNew + " stays disabled in main");
  CHECK(site.states().at(kNew) == "disabled");

  const std::string user = site.user_archive("U20260112_01");
  CHECK(portal({"--deploy", user}).code == 0);
  CHECK(site.states().at("U20260112_01") == "enabled");
  CHECK(portal({"--deploy=" + user}).code == 0);
  CHECK(portal({"libcare", "deploy", user}).code == 0);
}

TEST_CASE("an unknown feed, another product and a file that is not there store nothing; a bad archive is refused with a hint") {
  const Portal site;
  const std::string archive = site.archive(kOld, {{1, 1}});
  for (const Words& words : {Words{"kcare", "deploy", "--feed", "nowhere", archive}, Words{"libcare", "deploy", archive},
                             Words{"qemu", "deploy", archive}, Words{"kcare", "deploy", archive + ".none"},
                             Words{"kcare", "update", "--feed", "nowhere"}}) {
    INFO(words[0] << " " << words[1] << " " << words[2]);
    const auto done = portal(words);
    CHECK(done.code == 2);
    check_logged(done, "ERROR", "");
    CHECK(site.states().empty());
    CHECK(names_in(site.world.base() + "/arch").empty());
  }
  // The same pointer twice.
  const auto bad = portal({"kcare", "deploy", site.archive(kNew, {{1, 1}, {1, 2}})});
  CHECK(bad.code == 1);
  check_logged(bad, "ERROR", site.downloads() + "/" + kNew + ".tar.bz2: ");
  INFO(bad.err);
  CHECK(bad.err.find("[hostile-member]; hint: ") != std::string::npos);
  CHECK(site.states().empty());
}

TEST_CASE("unroll disables in every feed, or in one, and automatic updates leave it so") {
  const Portal site;
  REQUIRE(portal({"feed", "-a", "test"}).code == 0);
  for (const std::string feed : {"main", "test"})
    REQUIRE(portal({"kcare", "deploy", "--feed", feed, site.archive(kOld, {{1, 1}})}).code == 0);
  REQUIRE(portal({"kcare", "deploy", "--feed", "test", site.archive(kNew, {{1, 2}})}).code == 0);

  CHECK(portal({"kcare", "unroll", "--delete", "--feed", "test", kOld}).code == 2);
  CHECK(portal({"libcare", "unroll", kOld}).code == 2);
  CHECK(portal({"kcare", "unroll", "K20260101_01"}).code == 2);
  CHECK(site.states().at(kOld) == "enabled");

  const auto one = portal({"kcare", "unroll", kOld, "--feed", "test"});
  CHECK(one.code == 0);
  check_logged(one, "INFO", kOld + " was disabled in test");
  CHECK(site.states("main").at(kOld) == "enabled");
  CHECK(site.states("test").at(kOld) == "disabled");

  const auto all = portal({"--unroll", kOld});
  CHECK(all.code == 0);
  check_logged(all, "INFO", kOld + " was disabled in main");
  CHECK(all.err.find("disabled in test") == std::string::npos);
  CHECK(portal({"--unroll", kNew}).code == 0);
  CHECK(site.states("main") == States{{kOld, "disabled"}, {kNew, "disabled"}});
  CHECK(site.states("test") == States{{kOld, "disabled"}, {kNew, "disabled"}});
  const auto again = portal({"kcare", "unroll", kOld});
  CHECK(again.code == 0);
  check_logged(again, "INFO", kOld + " is disabled already in every feed");

  REQUIRE(portal({"--get-latest"}).code == 0);
  REQUIRE(portal({"kcare", "auto-update"}).code == 0);
  CHECK(site.states("main") == States{{kOld, "disabled"}, {kNew, "disabled"}});
}

TEST_CASE("updates take bundles in their order, then loose archives of the product, and only read the drop folder") {
  const Portal site;
  const World& world = site.world;
  const std::string drop = world.at("drop");
  make_folder(drop);
  site.configure("drop");
  REQUIRE(portal({"feed", "-a", "test"}).code == 0);

  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string first = world.export_full();
  world.release_kernels("K20260114_02", {{1, 2}});
  const std::string second = world.export_full();
  // In folders whose names sort the other way round.
  copy_tree(first, drop + "/z-first");
  copy_tree(second, drop + "/a-second");
  for (const auto& [name, level] : {std::pair<std::string, unsigned>{"K20260203_01", 4}, {"K20260121_01", 3}})
    write_archive(drop + "/" + name + ".tar.bz2", kernel_release(name, {{1, level}}));
  write_archive(drop + "/U20260112_01.tar.bz2", user_release("U20260112_01", 1, 2026011201));
  write_contents(drop + "/README.txt", "for you");
  const auto before = [&] {
    std::map<std::string, std::string> out;
    for (const auto& name : names_in(drop)) out[name] = is_folder(drop + "/" + name) ? "" : contents(drop + "/" + name);
    return out;
  }();

  const auto done = portal({"kcare", "update"});
  INFO(done.err);
  CHECK(done.code == 0);
  const auto at_first = done.err.find("/z-first was imported"), at_second = done.err.find("/a-second was imported");
  REQUIRE(at_first != std::string::npos);
  REQUIRE(at_second != std::string::npos);
  CHECK(at_first < at_second);
  check_logged(done, "INFO", "K20260203_01 was enabled in main");
  CHECK(served(world.base()).at(khash(1) + "/latest.v1") == "4\n");
  CHECK(site.states().size() == 4);  // but for the one of another product
  for (const auto& [name, state] : site.states()) CHECK(state == "enabled");
  for (const auto& [name, state] : site.states("test")) CHECK(state == "undeployed");

  const auto again = portal({"kcare", "update"});
  CHECK(again.code == 0);
  check_logged(again, "INFO", "nothing to do");
  CHECK(again.err.find("ERROR") == std::string::npos);

  CHECK(portal({"libcare", "update", "--feed", "test"}).code == 0);
  CHECK(site.states("test").at("U20260112_01") == "enabled");
  CHECK(site.states("main").at("U20260112_01") == "undeployed");
  CHECK(portal({"--auto-update"}).code == 0);
  CHECK(site.states("main").at("U20260112_01") == "enabled");
  CHECK(site.states("test").at("K20260203_01") == "undeployed");
  CHECK(portal({"kcare", "update", "--feed", "test"}).code == 0);
  CHECK(served(world.base(), "test").at(khash(1) + "/latest.v1") == "4\n");

  for (const auto& [name, bytes] : before)
    if (!bytes.empty()) CHECK(contents(drop + "/" + name) == bytes);
  CHECK(names_in(drop).size() == before.size());
}

TEST_CASE("what an update cannot take keeps nothing else from being taken, and is not reported as success") {
  const Portal site;
  const World& world = site.world;
  world.release_kernels("K20260105_01", {{1, 1}});
  // The drop folder is the medium itself: a bundle, and archives beside it.
  copy_tree(world.export_full(), world.at("drop"));
  site.configure("drop");
  const std::string drop = world.at("drop");
  write_contents(drop + "/K20260106_01.tar.bz2", "no archive");
  write_archive(drop + "/K20260107_01.tar.bz2", kernel_release("K20260107_01", {{2, 1}}));
  make_folder(drop + "/broken");
  write_contents(drop + "/broken/x.0001.pfv", "no volume");

  const auto done = portal({"--get-latest"});
  INFO(done.err);
  CHECK(done.code == 5);
  check_logged(done, "ERROR", drop + "/K20260106_01.tar.bz2: ");
  check_logged(done, "ERROR", drop + "/broken");
  CHECK(site.states() == States{{"K20260105_01", "enabled"}, {"K20260107_01", "enabled"}});
  CHECK(portal({"--get-latest"}).code == 1);

  // Volumes of one bundle in two folders are one bundle; with one of them missing it is waited for.
  remove_tree(drop);
  make_folder(drop);
  world.release_kernels("K20260120_01", {{3, 1}}, 3'000'000);
  const std::string split = world.export_full({"--volume-size", "1MiB"});
  const auto volumes = volumes_of(split);
  REQUIRE(volumes.size() >= 2);
  make_folder(drop + "/one");
  for (std::size_t i = 0; i + 1 < volumes.size(); ++i)
    write_contents(drop + "/one/" + file_name_of(volumes[i]), contents(volumes[i]));
  CHECK(portal({"--get-latest"}).code == 5);
  CHECK(site.states().size() == 2);
  make_folder(drop + "/two");
  write_contents(drop + "/two/" + file_name_of(volumes.back()), contents(volumes.back()));
  const auto whole = portal({"--get-latest"});
  INFO(whole.err);
  CHECK(whole.code == 0);
  CHECK(site.states().at("K20260120_01") == "enabled");
}

TEST_CASE("in the drop folder, other sites' bundles are no errors, and no file keeps another from being taken") {
  const Portal site;
  const World& world = site.world;
  const std::string drop = world.at("drop");
  make_folder(drop);
  site.configure("drop");
  world.release_kernels("K20260105_01", {{1, 1}});
  copy_tree(world.export_full({}, "store", "plant2"), drop + "/other");
  copy_tree(world.export_full(), drop + "/ours");
  const auto first = portal({"--get-latest"});
  INFO(first.err);
  CHECK(first.code == 0);
  CHECK(says(first.err, drop + "/other is for another site"));
  CHECK(first.err.find("ERROR") == std::string::npos);

  // A file that claims to be larger than any disk; a name that is none; an archive that arch/ has lost; one that was exchanged.
  write_archive(drop + "/K20260203_01.tar.bz2", kernel_release("K20260203_01", {{1, 4}}));
  write_contents(drop + "/K20200101_01.tar.bz2", "");
  REQUIRE(::truncate((drop + "/K20200101_01.tar.bz2").c_str(), 15LL << 40) == 0);
  write_contents(drop + "/K2026.tar.bz2", "?");
  const auto second = portal({"--get-latest"});
  INFO(second.err);
  CHECK(second.code == 5);
  CHECK(says(second.err, "K20200101_01.tar.bz2"));
  CHECK(says(second.err, "K2026.tar.bz2 is left alone"));
  check_logged(second, "WARNING", "nobody has signed K20260203_01");
  CHECK(site.states().at("K20260203_01") == "enabled");
  remove_file(drop + "/K20200101_01.tar.bz2");
  remove_file(world.base() + "/arch/K20260203_01.tar.bz2");
  const auto third = portal({"--get-latest"});
  check_logged(third, "INFO", "arch/ has the archive of K20260203_01 again");
  CHECK(third.code == 0);
  std::string other = contents(drop + "/K20260203_01.tar.bz2");
  other[other.size() / 2] = static_cast<char>(other[other.size() / 2] ^ 1);
  remove_file(drop + "/K20260203_01.tar.bz2");
  write_contents(drop + "/K20260203_01.tar.bz2", other);
  const auto fourth = portal({"--get-latest"});
  CHECK(fourth.code == 1);
  CHECK(says(fourth.err, "with other bytes"));
}

TEST_CASE("links, pipes and folders with names of archives are left alone in the drop folder") {
  const Portal site;
  const World& world = site.world;
  const std::string drop = world.at("drop");
  make_folder(drop);
  site.configure("drop");
  write_archive(world.at("K20260105_01.tar.bz2"), kernel_release("K20260105_01", {{1, 1}}));
  make_symlink(world.at("K20260105_01.tar.bz2"), drop + "/K20260105_01.tar.bz2");
  REQUIRE(::mkfifo((drop + "/K20260106_01.tar.bz2").c_str(), 0600) == 0);
  make_folder(drop + "/K20260107_01.tar.bz2");
  make_symlink("/dev/zero", drop + "/K20260108_01.tar.bz2");
  write_contents(drop + "/K2026\x1b[31m.tar.bz2", "?");
  const auto done = portal({"--get-latest"});
  INFO(done.err);
  CHECK(done.code == 0);
  CHECK(site.states().empty());
  CHECK(done.err.find('\x1b') == std::string::npos);
  // A signature that is none keeps its archive out.
  write_archive(drop + "/K20260109_01.tar.bz2", kernel_release("K20260109_01", {{1, 1}}));
  write_contents(drop + "/K20260109_01.tar.bz2.sig", "no signature");
  CHECK(portal({"--get-latest"}).code == 1);
  CHECK(site.states().empty());
}

TEST_CASE("where the configuration refuses unsigned archives, none comes in by itself or by hand") {
  const Portal site;
  const World& world = site.world;
  make_folder(world.at("drop"));
  write_archive(world.at("drop/K20260203_01.tar.bz2"), kernel_release("K20260203_01", {{1, 4}}));
  write_contents(world.at("config.toml"),
                 fmt::format("base = \"{}\"\ndrop = \"{}\"\nunsigned = \"refuse\"\n", world.base(), world.at("drop")));
  const auto done = portal({"--get-latest"});
  CHECK(done.code == 1);
  CHECK(says(done.err, "nobody has signed it"));
  CHECK(portal({"kcare", "deploy", world.at("drop/K20260203_01.tar.bz2")}).code == 1);
  CHECK(site.states().empty());
}

TEST_CASE("what is deployed as disabled is disabled in every feed, unless one is named") {
  const Portal site;
  REQUIRE(portal({"feed", "-a", "--auto", "canary"}).code == 0);
  for (const std::string name : {"K20260105_01", "K20260106_01"})
    write_archive(site.world.at(name + ".tar.bz2"), kernel_release(name, {{1, 1}}));
  REQUIRE(portal({"kcare", "deploy", "--disabled", site.world.at("K20260105_01.tar.bz2")}).code == 0);
  REQUIRE(portal({"kcare", "deploy", "--disabled", "--feed", "main", site.world.at("K20260106_01.tar.bz2")}).code == 0);
  REQUIRE(portal({"--auto-update"}).code == 0);
  CHECK(site.states("canary") == States{{"K20260105_01", "disabled"}, {"K20260106_01", "enabled"}});
}

TEST_CASE("without a drop folder an update says how to configure one; one that is not mounted is an error") {
  const Portal site;
  const auto none = portal({"kcare", "update"});
  CHECK(none.code == 0);
  check_logged(none, "INFO", "no drop folder is configured");
  CHECK(none.err.find("drop = ") != std::string::npos);
  site.configure("not-there");
  const auto gone = portal({"kcare", "update"});
  CHECK(gone.code == 2);
  check_logged(gone, "ERROR", "there is no drop folder");
}

TEST_CASE("feeds are listed, added and changed; rules without a meaning are refused") {
  const Portal site;
  REQUIRE(portal({"kcare", "deploy", site.archive(kOld, {{1, 1}})}).code == 0);
  const auto list = portal({"feed"});
  CHECK(list.code == 0);
  CHECK(std::regex_search(list.out, std::regex("\nmain +True +0 +default\n")));

  for (const Words& words :
       {Words{"feed", "-a", "slow", "--deploy-after", "-1"}, Words{"feed", "-a", "slow", "--deploy-after", "87601"},
        Words{"feed", "-a", "slow", "--channel", "other"}, Words{"feed", "-a", "slow", "--deploy-after", "x"},
        Words{"feed", "-a"}, Words{"feed", "-a", "-c", "slow"}, Words{"feed", "-c", "slow"}, Words{"feed", "slow"},
        Words{"feed", "slow", "--auto"}, Words{"feed", "-a", "slow", "--auto", "--no-auto"},
        Words{"feed", "-c", "slow", "--auto"}, Words{"feed", "-a", "main"}, Words{"feed", "-a", "../x"}}) {
    std::string line;
    for (const auto& word : words) line += word + " ";
    INFO(line);
    CHECK(portal(words).code == 2);
    CHECK(portal({"feed"}).out == list.out);
  }
  CHECK(portal({"feed", "-a", "fast", "--auto", "--deploy-after", "0", "--channel", "default"}).code == 0);
  CHECK(site.states("fast").at(kOld) == "enabled");
  CHECK(portal({"feed", "-a", "slow"}).code == 0);
  CHECK(std::regex_search(portal({"feed", "slow"}).out, std::regex("\nslow +False +0 +default\n")));
  CHECK(site.states("slow").at(kOld) == "undeployed");
  CHECK(portal({"feed", "-c", "slow", "--auto"}).code == 0);
  CHECK(site.states("slow").at(kOld) == "enabled");
  CHECK(portal({"feed", "-c", "slow", "--auto"}).code == 0);
  CHECK(portal({"feed", "-c", "slow", "--deploy-after", "48", "--channel", "unstable"}).code == 0);
  CHECK(std::regex_search(portal({"feed", "slow"}).out, std::regex("\nslow +True +48 +unstable\n")));
  CHECK(portal({"feed", "-c", "slow", "--channel", "default"}).code == 0);
  CHECK(std::regex_search(portal({"feed", "slow"}).out, std::regex("\nslow +True +48 +default\n")));
  CHECK(portal({"feed", "-c", "main", "--no-auto"}).code == 0);
  CHECK(std::regex_search(portal({"feed", "main"}).out, std::regex("\nmain +False ")));
}

TEST_CASE("download-missing makes again what arch/ has lost") {
  const Portal site;
  const World& world = site.world;
  world.release_kernels("K20260105_01", {{1, 1}});
  REQUIRE(world.import({world.export_full()}).code == 0);
  const auto idle = portal({"kcare", "download-missing"});
  CHECK(idle.code == 0);
  check_logged(idle, "INFO", "nothing is missing");
  remove_file(world.base() + "/arch/K20260105_01.tar.bz2");
  CHECK(portal({"libcare", "download-missing"}).code == 0);
  CHECK(names_in(world.base() + "/arch").empty());
  const auto done = portal({"kcare", "download-missing"});
  CHECK(done.code == 0);
  check_logged(done, "INFO", "the archive of K20260105_01 was made again");
  world.check_archives(world.base(), {"K20260105_01"});
}

TEST_CASE("unroll --delete takes the files away once no server can be fetching them") {
  const Portal site;
  constexpr std::uint64_t kBegin = 1'780'000'000;
  const std::string base = site.world.base();
  {
    const AtTime time(kBegin);
    REQUIRE(portal({"kcare", "deploy", site.archive(kOld, {{1, 1}})}).code == 0);
    REQUIRE(portal({"kcare", "deploy", site.archive(kNew, {{1, 2}})}).code == 0);
  }
  {
    const AtTime time(kBegin + 5000);
    const auto early = portal({"kcare", "unroll", "--delete", kNew});
    CHECK(early.code == 5);
    check_logged(early, "INFO", kNew + " was disabled in main");
    check_logged(early, "ERROR", kNew + " is disabled in every feed, and its files stay");
    CHECK(patchferry::exists(base + "/arch/" + kNew + ".tar.bz2"));
  }
  const AtTime time(kBegin + 5600);
  REQUIRE(typed({"pin", "--base", base, kNew}).code == 0);
  const auto pinned = portal({"kcare", "unroll", "--delete", kNew});
  CHECK(pinned.code == 5);
  check_logged(pinned, "ERROR", kNew + " is disabled in every feed, and its files stay: it is pinned");
  REQUIRE(typed({"unpin", "--base", base, kNew}).code == 0);
  const auto gone = portal({"kcare", "unroll", "--delete", kNew});
  CHECK(gone.code == 0);
  check_logged(gone, "INFO", kNew + " was deleted");
  CHECK_FALSE(patchferry::exists(base + "/arch/" + kNew + ".tar.bz2"));
  CHECK(patchferry::exists(base + "/arch/" + kOld + ".tar.bz2"));
  CHECK(served(base).count(khash(1) + "/1/kpatch.bin") == 1);
  CHECK(served(base).count(khash(1) + "/2/kpatch.bin") == 0);
}

TEST_CASE("kc.eportal --clean-releases takes away what is obsolete, and with DRY_RUN=1 only says what that is") {
  const Portal site;
  write_contents(site.world.at("clean.toml"), "base = \"" + site.world.base() + "\"\n[clean]\nkeep = 1\nkeep_days = 0\n");
  const Configured configured(site.world.at("clean.toml"));
  const std::vector<std::string> names = {"K20260101_01", "K20260102_01", "K20260103_01", "K20260104_01"};
  for (unsigned i = 0; i < names.size(); ++i) {
    const AtTime time(1'780'000'000 + i * 86'400);
    REQUIRE(portal({"kcare", "deploy", site.archive(names[i], {{1, i + 1}})}).code == 0);
  }
  const AtTime time(1'790'000'000);
  const auto before = visible(site.world.base());
  ::setenv("DRY_RUN", "1", 1);
  const auto dry = portal({"--clean-releases"});
  ::unsetenv("DRY_RUN");
  CHECK(dry.code == 0);
  check_logged(dry, "INFO", names[0] + " would be cleaned");
  CHECK(visible(site.world.base()) == before);
  const auto done = portal({"--clean-releases"});
  CHECK(done.code == 0);
  check_logged(done, "INFO", names[0] + " was cleaned");
  CHECK_FALSE(patchferry::exists(site.world.base() + "/arch/" + names[0] + ".tar.bz2"));
  CHECK(patchferry::exists(site.world.base() + "/arch/" + names[3] + ".tar.bz2"));
}

TEST_CASE("what nobody had signed and a person has deleted keeps no signed bundle out") {
  const Portal site;
  const World& world = site.world;
  const std::string name = "K20260105_01";
  world.release_kernels(name, {{1, 1}});
  const std::string bundle = world.export_full();
  make_folder(world.at("mine"));
  write_archive(world.at("mine/" + name + ".tar.bz2"), kernel_release(name, {{1, 7}}));
  REQUIRE(portal({"kcare", "deploy", "--disabled", world.at("mine/" + name + ".tar.bz2")}).code == 0);
  const auto gone = shell("PATCHFERRY_NOW=$(($(date +%s) + 7200)) kc.eportal kcare unroll --delete " + name);
  INFO(gone.err);
  REQUIRE(gone.code == 0);
  REQUIRE(site.states().empty());
  CHECK(world.import({bundle}).code == 0);
  CHECK(site.states() == States{{name, "enabled"}});
}

TEST_CASE("words without an engine say so, exit 2 and change nothing") {
  const Portal site;
  const auto before = visible(site.world.base());
  for (const Words& words : {Words{"key", "-a"}, Words{"user", "-a", "x"}, Words{"server", "clean", "--inactive"},
                             Words{"--list-servers"}, Words{"replication", "--full-sync"}, Words{"cache-mode", "--fetch-meta"}}) {
    INFO(words.front());
    const auto done = portal(words);
    CHECK(done.code == 2);
    CHECK(done.out.empty());
    check_logged(done, "ERROR", words.front());
    CHECK(std::count(done.err.begin(), done.err.end(), '\n') == 1);
    const auto help = portal({words.front(), "--help"});
    CHECK(help.code == 0);
    CHECK(says(help.out, "usage: kc.eportal " + words.front() + " [-h]"));
  }
  CHECK(visible(site.world.base()) == before);
}

TEST_CASE("a wrong command line is answered with usage, and exit 2") {
  const Portal site;
  const std::vector<Words> wrong = {{},
                                    {"exprot"},
                                    {"kcare"},
                                    {"kcare", "depoly"},
                                    {"kcare", "deploy"},
                                    {"kcare", "deploy", "a", "b"},
                                    {"kcare", "deploy", "--feed"},
                                    {"kcare", "deploy", "--base", "/x", "a"},
                                    {"kcare", "update", "K20260105_01"},
                                    {"kcare", "unroll"},
                                    {"kcare", "auto-update", "--feed", "main"},
                                    {"kcare", "download-missing", "x"},
                                    {"--unroll"},
                                    {"--deploy"},
                                    {"--get-latest", "x"},
                                    {"--auto-update", "--feed", "main"},
                                    {"feed", "a", "b"},
                                    {"feed", "-x"},
                                    {"doctor", "x"},
                                    {"--nonsense"}};
  for (const auto& words : wrong) {
    std::string line;
    for (const auto& word : words) line += " " + word;
    INFO("kc.eportal" << line);
    const auto done = portal(words);
    CHECK(done.code == 2);
    CHECK(done.out.empty());
    CHECK(done.err.starts_with("usage: kc.eportal"));
    CHECK(says(done.err, ": error: "));
  }
}

TEST_CASE("every word of kc.eportal explains itself") {
  CHECK(says(portal({"--version"}).out, "kc.eportal "));
  const auto list = portal({"--help"});
  CHECK(list.code == 0);
  for (const std::string product : {"kcare", "libcare", "qemu", "db"}) {
    CHECK(portal({product, "--help"}).code == 0);
    for (const std::string word : {"deploy", "update", "auto-update", "unroll", "download-missing"}) {
      const auto help = portal({product, word, "-h"});
      INFO(product << " " << word);
      CHECK(help.code == 0);
      CHECK(help.err.empty());
      CHECK(help.out.starts_with("usage: kc.eportal " + product + " " + word + " [-h]"));
      CHECK(says(help.out, "show this help message and exit"));
      CHECK(says(list.out, word));
    }
  }
  for (const std::string word : {"--deploy", "--unroll", "--get-latest", "--auto-update", "feed", "doctor", "sync-nginx-conf"}) {
    const auto help = portal({word, "--help"});
    INFO(word);
    CHECK(help.code == 0);
    CHECK(help.out.starts_with("usage: kc.eportal " + word + " [-h]"));
    CHECK(says(list.out, word));
  }
  CHECK(says(portal({"libcare", "deploy", "-h"}).out,
             "usage: kc.eportal libcare deploy [-h] [--feed FEED] [--disabled] archive\n"));
}

TEST_CASE("kc.eportal doctor leaves a report behind, and sends nothing") {
  const Portal site;
  const auto done = portal({"doctor", "--no-send"});
  REQUIRE(!done.out.empty());
  const std::string path = done.out.substr(0, done.out.find('\n'));
  CHECK(path.starts_with(site.world.base() + "/reports/"));
  CHECK(says(contents(path), "database"));
  check_logged(done, "INFO", "the report is in a file");
  const auto again = portal({"doctor"});
  CHECK(again.out != done.out);
  // A base with reports in it is a base as before.
  CHECK(typed({"status", "--base", site.world.base()}).code == 0);
}

TEST_CASE("sync-nginx-conf writes nginx's configuration where the configuration says, if nginx takes it") {
  const Portal site;
  const std::string conf = site.world.at("patchferry.conf"), tools = site.world.at("tools");
  write_contents(site.world.at("config.toml"),
                 fmt::format("base = \"{}\"\n[serve]\nnginx_conf = \"{}\"\n", site.world.base(), conf));
  make_folder(tools);
  const auto with_nginx = [&](const std::string& script) {
    write_contents(tools + "/nginx", "#!/bin/sh\n" + script);
    REQUIRE(::chmod((tools + "/nginx").c_str(), 0755) == 0);
    return shell("PATH=" + tools + ":$PATH; kc.eportal sync-nginx-conf");
  };
  const auto refused = with_nginx("echo 'nginx: [emerg] no' >&2; exit 1\n");
  INFO(refused.err);
  CHECK(refused.code == 1);
  check_logged(refused, "ERROR", "nginx does not take the configuration");
  CHECK_FALSE(exists(conf));
  const auto unread = with_nginx("exit 0\n");  // takes what it is asked about, and includes no such file
  CHECK(unread.code == 5);
  CHECK(says(unread.err, "nginx does not read it"));
  CHECK(says(unread.err, "nginx_conf in the table [serve]"));
  const auto quarrel = with_nginx("echo 'nginx: [emerg] a duplicate default server for 0.0.0.0:80' >&2; exit 1\n");
  CHECK(quarrel.code == 1);
  CHECK(says(quarrel.err, "server_names in the table [serve]"));
  for (const char* option : {"--server-name", "--out"}) CHECK_FALSE(says(unread.err + quarrel.err, option));
  for (int i = 0; i < 2; ++i) {
    const auto done = with_nginx("echo \"$@\" >> " + site.world.at("asked") + "\n[ \"$1\" = -T ] && echo '# configuration file " +
                                 conf + ":'\nexit 0\n");
    INFO(done.err);
    CHECK(done.code == 0);
    CHECK(says(contents(conf), site.world.base() + "/feeds"));
    CHECK(says(contents(site.world.at("asked")), "-t"));
  }
}

TEST_CASE("the static program speaks the vendor's grammar as well") {
  const std::string program = programs_folder() + "/static/kc.eportal";
  if (!exists(programs_folder() + "/static/patchferry-site")) return;  // presets that build none
  const Portal site;
  const auto done = run({program, "kcare", "deploy", site.archive(kOld, {{1, 1}})});
  CHECK(done.code == 0);
  check_logged(done, "INFO", kOld + " was enabled in main");
}
