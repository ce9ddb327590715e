// SPDX-License-Identifier: Apache-2.0
// Whatever has happened to a base, and wherever a power cut comes: after cleaning, what a feed can still serve or take is
// intact, and everything else is gone. What may go is worked out anew here, in the simplest way.
#include <boost/filesystem.hpp>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

#include "bundle-format/hash.h"
#include "importer/catalogue.h"
#include "importer/cleaned.h"
#include "importer/cleaning/check.h"
#include "importer/cleaning/clean.h"
#include "importer/deploy.h"
#include "importer/feed_work.h"
#include "importer/pins.h"
#include "importer/publish.h"
#include "importer/holdings.h"
#include "system/file.h"
#include "tests/quick_folders.h"
#include "tests/temp_folder.h"
#include "tests/unit/tar_builder.h"

using namespace patchferry;
using namespace patchferry::importer;
using namespace patchferry::test;
namespace fs = boost::filesystem;

namespace {

constexpr std::uint64_t kDay = 86'400;

using Levels = std::map<std::string, std::map<unsigned, std::string>>;  // served → level → bytes of its patch

struct Made {
  std::string name;
  std::string file;
  Levels levels;
};

std::string bytes_of(const std::string& path) {
  const auto bytes = read_whole(path, 1 << 24);
  return bytes ? std::string(as_text(*bytes)) : "";
}

/// Path → bytes, links followed; "(broken)" for one that leads nowhere.
std::map<std::string, std::string> files_beneath(const fs::path& folder, const std::string& beneath = "") {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = beneath + entry.path().filename().string();
    boost::system::error_code error;
    const auto type = fs::status(entry.path(), error).type();
    if (type == fs::directory_file)
      out.merge(files_beneath(entry.path(), name + "/"));
    else
      out[name] = type == fs::regular_file ? bytes_of(entry.path().string()) : "(broken)";
  }
  return out;
}

class Play {
 public:
  explicit Play(unsigned seed) : dice_(seed), history_(fmt::format("seed {}", seed)) {
    Site::create(base_, "plant1", {});
    make_folders(files_ / "archives");
    for (unsigned i = 0; i < 14; ++i) make_release(i);
    at(time_);
    recover(*open());
  }
  ~Play() { ::unsetenv("PATCHFERRY_NOW"); }
  Play(const Play&) = delete;
  Play& operator=(const Play&) = delete;

  void turn() {
    const unsigned kind = roll(100);
    if (kind < 30)
      deploy_some();
    else if (kind < 40)
      change_some(FeedAction::enable);
    else if (kind < 50)
      change_some(FeedAction::disable);
    else if (kind < 55)
      change_one(FeedAction::undeploy_downto);
    else if (kind < 58)
      change_one(FeedAction::enable_upto);
    else if (kind < 61)
      withdraw_one();
    else if (kind < 66)
      add_feed_or_remove();
    else if (kind < 70)
      roll_back();
    else if (kind < 75)
      pin_some();
    else if (kind < 81)
      write_receipt();
    else if (kind < 90)
      let_time_pass();
    else
      clean_it();
  }

 private:
  unsigned roll(std::size_t sides) { return static_cast<unsigned>(dice_() % sides); }
  void tell(const std::string& what) { history_ += "\n" + what; }
  void at(std::uint64_t time) const { ::setenv("PATCHFERRY_NOW", std::to_string(time).c_str(), 1); }
  std::unique_ptr<Site> open() const {
    importer::Settings settings;
    settings.base = base_;
    settings.clean = settings_;
    return std::make_unique<Site>(settings,
                                  Site::Wait::yes);  // what a killed one has just started may hold the lock for a moment
  }

  /// Of some kernels, levels that mostly grow; now and then one that is issued again, with the same bytes or with others.
  void make_release(unsigned i) {
    Made made;
    const bool is_user = i % 4 == 3;
    made.name = fmt::format("{}202601{:02}_01", is_user ? "U" : "K", i + 1);
    made.file = made.name + ".tar.bz2";
    TarBuilder tar;
    for (unsigned k = 0; k < 3; ++k) {
      if (roll(3) == 0) continue;
      const std::string ident = fmt::format("{:040x}", 0xa0 + k);
      const std::string served = (is_user ? "u/" : "") + ident;
      const unsigned newest = 1 + i / 2 + roll(2);
      for (unsigned level = newest - roll(2); level <= newest; ++level) {
        if (level == 0) continue;
        std::string bytes = fmt::format("{}/{}{}", served, level, roll(3) == 0 ? " again " + made.name : "");
        tar.file(fmt::format("{}/{}/{}/kpatch.bin", made.name, ident, level), bytes);
        tar.file(fmt::format("{}/{}/{}/kpatch.info", made.name, ident, level), "uname: x\n");
        made.levels[served][level] = bytes;
      }
      if (roll(2) == 0 && !is_user) tar.file(fmt::format("{}/{}/latest.v1", made.name, ident), std::to_string(newest) + "\n");
    }
    tar.file(made.name + "/README", "of no feed " + std::to_string(roll(3)));
    spit_archive(files_ / ("archives/" + made.file), tar);
    made_[made.name] = std::move(made);
  }
  static void spit_archive(const std::string& path, TarBuilder& tar) {
    write_all(open_file(path, O_WRONLY | O_CREAT), packed(tar.finish(), Packing::bzip2));
  }

  std::vector<std::string> here() const {
    std::vector<std::string> out;
    for (const auto& p : patchsets(*open())) out.push_back(p.name.patchset.text);
    return out;
  }
  std::vector<std::string> some(std::vector<std::string> all, std::size_t most) {
    std::shuffle(all.begin(), all.end(), dice_);
    all.resize(std::min<std::size_t>(all.size(), 1 + roll(most)));
    return all;
  }
  std::vector<std::string> some_feeds() {
    std::vector<std::string> out;
    for (const auto& feed : feeds(*open()))
      if (roll(3) != 0) out.push_back(feed.name);
    return out.empty() ? std::vector<std::string>{"main"} : out;
  }
  static std::string text(const std::vector<std::string>& names) {
    std::string out;
    for (const auto& name : names) out += " " + name;
    return out;
  }

  void deploy_some() {
    std::vector<std::string> all;
    for (const auto& [name, made] : made_) all.push_back(name);
    DeployOrder order;
    const auto which = some(all, 3);
    for (const auto& name : which) order.archives.push_back(files_ / ("archives/" + made_.at(name).file));
    order.feeds = some_feeds();
    order.only_store = roll(5) == 0;
    tell("deploy" + text(which) + " into" + text(order.feeds) + (order.only_store ? " (store)" : ""));
    deploy(*open(), order);
  }
  void change_some(FeedAction action) {
    const auto which = some(here(), 4);
    if (which.empty()) return;
    const auto in = some_feeds();
    tell(word_for(action) + text(which) + " in" + text(in));
    const auto site = open();
    change_feeds(*site, find_feeds(*site, in), action, which);
  }
  void change_one(FeedAction action) {
    const auto which = some(here(), 1);
    if (which.empty()) return;
    const auto in = some_feeds();
    tell(word_for(action) + text(which) + " in" + text(in));
    const auto site = open();
    change_feeds(*site, find_feeds(*site, in), action, which);
  }
  void withdraw_one() {
    const auto which = some(here(), 1);
    if (which.empty()) return;
    tell("withdrawn:" + text(which));
    const auto site = open();
    Transaction transaction(site->db());
    withdraw(*site, which.front(), 1);
    transaction.commit();
    publish_changed(*site);
  }
  void add_feed_or_remove() {
    const auto site = open();
    for (const auto& feed : feeds(*site))
      if (feed.name == "test") {
        tell("feed remove test");
        remove_feed(*site, feed);
        return;
      }
    tell("feed add test");
    const auto feed = add_feed(*site, "test", true);
    if (roll(2) == 0) REQUIRE(update_feeds(*site, {feed}, ""));
  }
  void roll_back() {
    const auto site = open();
    const auto feed = find_feed(*site, "main");
    const auto all = generations_of(*site, feed);
    std::optional<std::uint64_t> to = all[roll(all.size())].number;
    tell(fmt::format("feed rollback main --to {}", *to));
    const auto report = roll_back_feed(*site, feed, to);
    for (const auto& one : report.not_put_back) CHECK(cleaned_patchset(*site, one.patchset).has_value());
    // What it does not name is as it was then.
    for (const auto& move : report.moves) CHECK(move.what.from != move.what.to);
  }
  void pin_some() {
    const auto which = some(here(), 2);
    if (which.empty()) return;
    const bool pinned = roll(3) != 0;
    tell((pinned ? "pin" : "unpin") + text(which));
    set_pinned(*open(), which, pinned);
  }
  void write_receipt() {
    const auto site = open();
    tell("receipt");
    // What receipt_of() would list.
    Receipt receipt;
    receipt.issued = time_;
    const auto leaving = leaving_names(*site);
    Holdings holdings(*site);
    promised_.clear();
    for (const auto& p : patchsets(*site)) {
      const std::string& name = p.name.patchset.text;
      REQUIRE(holdings.holds(p));
      if (std::binary_search(leaving.begin(), leaving.end(), name)) continue;
      receipt.patchsets.push_back({name, p.archive});
      promised_.insert(name);
    }
    record_promise(*site, receipt);
  }
  void let_time_pass() {
    constexpr std::uint64_t kSteps[] = {1, 60, 599, 600, 7200, kDay, 10 * kDay};
    time_ += kSteps[roll(std::size(kSteps))];
    at(time_);
    tell("it is " + std::to_string(time_));
  }

  /// A higher level, or the same out of a newer release, is enabled there, for all that it has.
  bool is_covered(const KnownPatchset& p, const std::string& feed, const std::vector<KnownPatchset>& all) const {
    const auto& own = made_.at(p.name.patchset.text).levels;
    for (const auto& [served, levels] : own) {
      bool newer = false;
      for (const auto& other : all) {
        if (other.feeds.at(feed) != FeedState::enabled) continue;
        const auto& theirs = made_.at(other.name.patchset.text).levels;
        const auto found = theirs.find(served);
        if (found == theirs.end()) continue;
        const unsigned highest = found->second.rbegin()->first, mine = levels.rbegin()->first;
        newer = newer || highest > mine || (highest == mine && p.name.patchset < other.name.patchset);
      }
      if (!newer) return false;
    }
    return true;
  }
  /// By the rule alone: no pin, retention, receipt.
  bool may_go(Site& site, const KnownPatchset& p, const std::vector<KnownPatchset>& all) const {
    if (p.withdrawn) return true;
    if (made_.at(p.name.patchset.text).levels.empty()) return false;
    bool somewhere = false;
    for (const auto& feed : feeds(site)) {
      const bool covered = is_covered(p, feed.name, all);
      const bool is_out = is_decided(site, feed, p.id) && p.feeds.at(feed.name) != FeedState::enabled;
      if (!covered && !is_out) return false;
      somewhere = somewhere || covered;
    }
    return somewhere;
  }

  /// What agents find: pointers, and what they name. Levels that linger without one come and go by themselves.
  std::map<std::string, std::string> newest_of(const std::string& feed) const {
    const auto all = files_beneath(base_ + "/feeds/" + feed + "/current");
    std::map<std::string, std::string> out;
    for (const auto& [path, bytes] : all) {
      const auto at = path.find("/latest");
      if (at == std::string::npos) continue;
      out[path] = bytes;  // "latest" is a link, so that the level itself is among these
      if (!path.ends_with("/latest.v1")) continue;
      const std::string level = path.substr(0, at + 1) + std::to_string(std::stoul(bytes)) + "/";
      for (auto it = all.lower_bound(level); it != all.end() && it->first.starts_with(level); ++it) out[it->first] = it->second;
    }
    return out;
  }

  using Files = std::map<std::string, std::string>;
  std::uint64_t shown_number(const std::string& feed) const {
    return std::stoull(file_name_of(*read_symlink(base_ + "/feeds/" + feed + "/current")));
  }
  /// By generation, what agents may be about to fetch: all that its pointers name, and that is served now.
  std::map<std::uint64_t, Files> asked_for(const std::string& feed) const {
    const std::string root = base_ + "/feeds/" + feed;
    const auto shown = files_beneath(root + "/current");
    std::map<std::uint64_t, Files> out;
    for (const auto& generation : folder_entries(root + "/generations")) {
      Files& asked = out[std::stoull(generation)];
      const std::string tree = root + "/generations/" + generation + "/";
      for (const auto& [path, bytes] : files_beneath(tree)) {
        const auto at = path.find("/latest");
        if (at == std::string::npos) continue;
        const auto link = read_symlink(tree + path.substr(0, at) + "/latest");
        const std::string level = path.substr(0, at + 1) + (link ? *link : std::to_string(std::stoul(bytes))) + "/";
        for (auto it = shown.lower_bound(level); it != shown.end() && it->first.starts_with(level); ++it)
          asked[it->first] = it->second;
      }
    }
    return out;
  }
  /// Of the generations that are kept beside the one that is shown by now: a cleaning that was killed, or that goes step by
  /// step on a full disk, makes several, and with the oldest of those kept go the levels that only it named.
  void check_asked_for(const std::string& feed, const std::map<std::uint64_t, Files>& asked, const Files& shown) const {
    for (const auto& [generation, files] : asked) {
      if (generation + kGenerationsKept <= shown_number(feed)) continue;
      for (const auto& [path, bytes] : files) {
        INFO(path << " may be asked for by whoever has read generation " << generation);
        REQUIRE(shown.count(path) == 1);
        REQUIRE(shown.at(path) == bytes);
      }
    }
  }

  void clean_it() {
    settings_ = {roll(3), roll(2) * 5U, roll(2) * 7U};
    tell(fmt::format("clean, keep {}, {} days", settings_.keep, settings_.keep_days));
    INFO(history_);
    std::map<std::string, Files> before;
    std::map<std::string, std::map<std::uint64_t, Files>> asked;
    std::set<std::string> may;
    {
      const auto site = open();
      for (const auto& feed : feeds(*site)) before[feed.name] = newest_of(feed.name), asked[feed.name] = asked_for(feed.name);
      const auto all = patchsets(*site);
      const auto pins = pinned_names(*site);
      for (const auto& p : all)
        if (may_go(*site, p, all) && !std::binary_search(pins.begin(), pins.end(), p.name.patchset.text))
          may.insert(p.name.patchset.text);
    }
    const auto was_here = here();
    if (roll(4) == 0) interrupt();
    const auto report =
        clean(*open(), {.empty_trash = roll(4) == 0, .only_these = false, .at_once = {}, .disk_was_full = roll(9) == 0});
    const auto site = open();
    recover(*site);
    const auto stays = here_in(*site);
    for (const auto& name : was_here) {
      if (stays.count(name) != 0) continue;
      INFO(name << " is gone");
      REQUIRE(may.count(name) != 0);
      REQUIRE(promised_.count(name) == 0);
      REQUIRE(cleaned_patchset(*site, name).has_value());
      ++gone;
    }
    for (const auto& feed : feeds(*site)) {
      INFO("feed " << feed.name);
      REQUIRE(newest_of(feed.name) == before.at(feed.name));
      const auto shown = files_beneath(base_ + "/feeds/" + feed.name + "/current");
      check_asked_for(feed.name, asked[feed.name], shown);
      for (const auto& [path, bytes] : shown) {
        INFO(path);
        REQUIRE(bytes != "(broken)");
      }
    }
    check_intact(*site);
    CheckReport looked;
    check_objects(*site, looked);
    check_archives(*site, looked);
    check_trees(*site, looked);
    check_feeds(*site, looked);
    for (const auto& one : looked.damages) FAIL_CHECK(one.kind << " " << one.path << ": " << one.text);
    if (settings_.keep == 0 && settings_.keep_days == 0) check_all_gone(*site);
  }
  static std::set<std::string> here_in(Site& site) {
    std::set<std::string> out;
    for (const auto& p : patchsets(site)) out.insert(p.name.patchset.text);
    return out;
  }
  void interrupt() {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        clean(*open(), {});
      } catch (...) {
      }
      ::_exit(0);
    }
    ::usleep(roll(16) * 400);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    tell("  killed");
  }

  /// Archives, trees and contents of what is here are whole, and there is nothing else.
  void check_intact(Site& site) const {
    std::set<std::string> archives, trees, objects;
    for (const auto& p : patchsets(site)) {
      const std::string& name = p.name.patchset.text;
      INFO(name);
      archives.insert(p.name.file);
      REQUIRE(bytes_of(base_ + "/arch/" + p.name.file) == bytes_of(files_ / ("archives/" + p.name.file)));
      for (const auto& one : contents_of(site, p)) objects.insert(to_hex(one.hash));
      if (!p.unpacked) continue;
      trees.insert(name);
      const auto found = files_beneath(site.resources(name));
      for (const auto& [served, levels] : made_.at(name).levels)
        for (const auto& [level, bytes] : levels)
          REQUIRE(found.at(fmt::format("{}/{}/kpatch.bin", served.substr(served.rfind('/') + 1), level)) == bytes);
    }
    const auto entries = [](const std::string& folder) {
      const auto names = folder_entries(folder);
      return std::set<std::string>(names.begin(), names.end());
    };
    REQUIRE(entries(base_ + "/arch") == archives);
    REQUIRE(entries(base_ + "/resources") == trees);
    std::set<std::string> lying;
    for (const auto& folder : folder_entries(base_ + "/objects"))
      for (const auto& object : folder_entries(base_ + "/objects/" + folder)) {
        lying.insert(object);
        REQUIRE(to_hex(hash_file(open_file(base_ + "/objects/" + folder + "/" + object, O_RDONLY))) == object);
      }
    REQUIRE(lying == objects);
    REQUIRE_FALSE(Query(site.db(), "PRAGMA foreign_key_check").step());
  }
  /// Nothing stays without a reason: a pin, a promise, or a level that some generation still lets agents ask for.
  void check_all_gone(Site& site) const {
    const auto all = patchsets(site);
    const auto pins = pinned_names(site);
    for (const auto& p : all) {
      const std::string& name = p.name.patchset.text;
      if (!may_go(site, p, all) || std::binary_search(pins.begin(), pins.end(), name) || promised_.count(name) != 0) continue;
      INFO(name << " is obsolete, and still here");
      bool is_shown = false;
      for (const auto& feed : feeds(site))
        for (fs::recursive_directory_iterator it(base_ + "/feeds/" + feed.name + "/folders"), end; it != end; ++it)
          is_shown = is_shown || (fs::symlink_status(it->path()).type() == fs::symlink_file &&
                                  fs::read_symlink(it->path()).string().find("/" + name + "/") != std::string::npos);
      REQUIRE(is_shown);
    }
  }

  TempFolder files_;
  std::string base_ = files_ / "base";
  std::mt19937 dice_;
  std::string history_;
  std::uint64_t time_ = 1'700'000'000;
  CleanSettings settings_;
  std::map<std::string, Made> made_;
  std::set<std::string> promised_;

 public:
  unsigned gone = 0;
};

}  // namespace

TEST_CASE("after any history, cleaning leaves what feeds can serve or take intact, and nothing else") {
  const unsigned seed = GENERATE(1U, 2U, 3U);
  const QuickFolders quick;
  Play play(seed);
  for (int i = 0; i < 200; ++i) play.turn();
  CHECK(play.gone > 3);
}

TEST_CASE("after any of many long histories, cleaning leaves what feeds can serve or take, and nothing else", "[slow]") {
  const QuickFolders quick;
  for (unsigned seed = 100; seed < 120; ++seed) {
    Play play(seed);
    for (int i = 0; i < 500; ++i) play.turn();
  }
}
