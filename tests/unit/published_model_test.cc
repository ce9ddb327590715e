// SPDX-License-Identifier: Apache-2.0
// Whatever people do to feeds, in whatever order, and wherever a power cut comes: each feed shows what the model shows.
#include <algorithm>
#include <boost/filesystem.hpp>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>
#include <functional>
#include <optional>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

#include "importer/adopt.h"
#include "importer/catalogue.h"
#include "importer/deploy.h"
#include "importer/feed_work.h"
#include "importer/publish.h"
#include "system/file.h"
#include "tests/quick_folders.h"
#include "tests/temp_folder.h"
#include "tests/unit/published_model.h"
#include "tests/unit/small_bundle.h"
#include "tests/unit/tar_builder.h"

using namespace patchferry;
using namespace patchferry::importer;
using namespace patchferry::test;
namespace fs = boost::filesystem;

namespace {

std::string archive_name(const MadeUpPatchset& p) { return p.name + (p.name[0] == '1' ? ".tgz" : ".tar.bz2"); }

void write_archive(const std::string& path, const MadeUpPatchset& p) {
  TarBuilder tar;
  for (const auto& [served, levels] : p.levels) {
    const std::string top = p.name + "/" + served.substr(served.rfind('/') + 1) + "/";
    for (const auto& [level, files] : levels)
      for (const auto& [name, bytes] : files) tar.file(top + std::to_string(level) + "/" + name, bytes);
    if (p.pointers.count(served) == 0) continue;
    for (const auto& pointer : p.pointers.at(served)) {
      if (pointer.is_link)
        tar.symlink(top + pointer.name, pointer.text);
      else
        tar.file(top + pointer.name, pointer.text);
    }
  }
  spit(path, packed(tar.finish(), path.ends_with(".tgz") ? Packing::gzip : Packing::bzip2));
}

void gather(const fs::path& folder, const std::string& beneath, Files& out) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = beneath + entry.path().filename().string();
    boost::system::error_code error;
    const auto type = fs::status(entry.path(), error).type();
    if (type == fs::directory_file)
      gather(entry.path(), name + "/", out);
    else
      out[name] = type == fs::regular_file ? std::string(as_text(slurp(entry.path().string()))) : "(broken)";
  }
}

Files served_from(const std::string& tree) {
  Files out;
  gather(tree, "", out);
  return out;
}

/// Empty if they are equal.
std::string difference(const Files& shown, const Files& wanted) {
  std::string out;
  for (const auto& [path, bytes] : shown)
    if (wanted.count(path) == 0)
      out += "  shows " + path + ": " + bytes + "\n";
    else if (wanted.at(path) != bytes)
      out += "  shows " + path + ": " + bytes + ", not " + wanted.at(path) + "\n";
  for (const auto& [path, bytes] : wanted)
    if (shown.count(path) == 0) out += "  lacks " + path + "\n";
  return out;
}

/// Pointers that name a level which is not beside them.
std::string dangling(const Files& shown) {
  std::string out;
  for (const auto& [path, bytes] : shown) {
    const auto slash = path.rfind('/');
    if (!path.substr(slash + 1).starts_with("latest.")) continue;
    std::string level;
    std::copy_if(bytes.begin(), bytes.end(), std::back_inserter(level), [](char c) { return c >= '0' && c <= '9'; });
    const std::string folder = path.substr(0, slash + 1) + level + "/";
    const auto found = shown.lower_bound(folder);
    if (found == shown.end() || !found->first.starts_with(folder)) out += path + " names level " + level + "\n";
  }
  return out;
}

std::set<std::string> links_beneath(const fs::path& tree) {
  std::set<std::string> out;
  for (fs::recursive_directory_iterator it(tree), end; it != end; ++it) {
    if (fs::symlink_status(it->path()).type() != fs::symlink_file) continue;
    const std::string target = fs::read_symlink(it->path()).string();
    out.insert(target.substr(target.find("folders/") + 8));
  }
  return out;
}

/// folders/<served>/<digest>, without the first word.
std::set<std::string> folders_beneath(const std::string& folders) {
  std::set<std::string> out;
  if (!exists(folders)) return out;
  for (fs::recursive_directory_iterator it(folders), end; it != end; ++it) {
    const std::string path = it->path().string().substr(folders.size() + 1);
    if (std::count(path.begin(), path.end(), '/') < (path.starts_with("u/") ? 2 : 1)) continue;
    out.insert(path);
    it.disable_recursion_pending();
  }
  return out;
}

/// A base, its model, and a die.
class Play {
 public:
  explicit Play(unsigned seed) : dice_(seed), history_(fmt::format("seed {}", seed)) {
    Site::create(base_, "plant1", {});
    make_folders(files_ / "archives");
    for (const auto& p : made_up_patchsets()) write_archive(path_of(p), p);
    at(time_);
    model_.feeds["main"];
    recover(*open());
    follow();
  }
  ~Play() { ::unsetenv("PATCHFERRY_NOW"); }
  Play(const Play&) = delete;
  Play& operator=(const Play&) = delete;

  void turn() {
    const unsigned kind = roll(100);
    if (kind < 24)
      deploy_some();
    else if (kind < 34)
      act("enable", some_here(3), [](auto& m, auto& feeds, auto& which) { m.enable(feeds, which); });
    else if (kind < 46)
      act("disable", some_here(3), [](auto& m, auto& feeds, auto& which) { m.disable(feeds, which); });
    else if (kind < 54)
      act("enable-upto", some_here(1), [](auto& m, auto& feeds, auto& which) { m.enable_upto(feeds, which.front()); });
    else if (kind < 62)
      act("undeploy-downto", some_here(1), [](auto& m, auto& feeds, auto& which) { m.undeploy_downto(feeds, which.front()); });
    else if (kind < 72)
      roll_back();
    else if (kind < 76)
      add_or_remove();
    else if (kind < 80)
      update();
    else if (kind < 82)
      store();
    else if (kind < 84)
      withdraw_one();
    else if (kind < 88)
      roll_site();
    else if (kind < 96)
      let_time_pass();
    else
      lose_something();
    check();
  }

 private:
  using Change = std::function<void(Site&)>;
  using ModelChange = std::function<void(FeedsModel&)>;

  std::string path_of(const MadeUpPatchset& p) const { return files_ / ("archives/" + archive_name(p)); }
  std::string root(const std::string& feed) const { return base_ + "/feeds/" + feed; }
  std::unique_ptr<Site> open() const {
    importer::Settings settings;
    settings.base = base_;
    return std::make_unique<Site>(settings,
                                  Site::Wait::yes);  // what a killed one has just started may hold the lock for a moment
  }
  unsigned roll(std::size_t sides) { return static_cast<unsigned>(dice_() % sides); }
  void at(std::uint64_t time) const { ::setenv("PATCHFERRY_NOW", std::to_string(time).c_str(), 1); }
  void tell(const std::string& what) { history_ += "\n" + what; }

  std::vector<std::string> some_feeds() {
    std::vector<std::string> out;
    for (const auto& [name, feed] : model_.feeds)
      if (roll(2) == 0) out.push_back(name);
    return out.empty() ? std::vector<std::string>{"main"} : out;
  }
  std::string a_feed() {
    auto it = model_.feeds.begin();
    std::advance(it, roll(model_.feeds.size()));
    return it->first;
  }
  std::vector<std::size_t> some_of(std::vector<std::size_t> all, std::size_t most) {
    std::shuffle(all.begin(), all.end(), dice_);
    all.resize(std::min<std::size_t>(all.size(), 1 + roll(most)));
    return all;
  }
  std::vector<std::size_t> some_here(std::size_t most) { return some_of({model_.here.begin(), model_.here.end()}, most); }
  std::string names(const std::vector<std::size_t>& which) const {
    std::string out;
    for (const std::size_t p : which) out += " " + made_up_patchsets()[p].name;
    return out;
  }
  static std::string names(const std::vector<std::string>& feeds) {
    std::string out;
    for (const auto& feed : feeds) out += (out.empty() ? "" : "+") + feed;
    return out;
  }

  std::uint64_t number_shown(const std::string& feed) const {
    const auto target = read_symlink(root(feed) + "/current");
    return target ? std::stoull(target->substr(target->rfind('/') + 1)) : 0;
  }
  /// The model makes generations where the base was to make them, and no others.
  void follow(bool after_crash = false) {
    for (auto& [name, feed] : model_.feeds) {
      const std::uint64_t shown = number_shown(name);
      if (!model_.is_behind(name)) {
        INFO(history_ << "\nfeed " << name);
        REQUIRE(shown == feed.current);
        continue;
      }
      INFO(history_ << "\nfeed " << name << " was at generation " << feed.current);
      if (after_crash)
        REQUIRE((shown == feed.current + 1 || shown == feed.current + 2));
      else
        REQUIRE(shown == feed.current + 1);
      model_.publish(name, shown, after_crash ? published_at(name) : time_);
      if (after_crash)
        unpruned_.insert(name);
      else
        unpruned_.erase(name);
    }
  }
  std::uint64_t published_at(const std::string& name) const {
    const auto site = open();
    return generations_of(*site, find_feed(*site, name)).back().at;
  }
  std::uint64_t revisions() const {
    std::uint64_t out = 0;
    for (const auto& feed : feeds(*open())) out += feed.revision;
    return out;
  }

  /// Both change; now and then a power cut comes in the middle, and the change is there or it is not.
  void change(const Change& real, const ModelChange& modelled) {
    if (roll(10) != 0) {
      real(*open());
      modelled(model_);
      return follow();
    }
    const std::uint64_t before = revisions();
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        real(*open());
      } catch (...) {
      }
      ::_exit(0);
    }
    ::usleep(roll(12) * 500);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (roll(2) == 0) at(time_ += 700);
    recover(*open());
    const bool is_done = revisions() != before;
    tell(std::string("  killed ") + (WIFSIGNALED(status) ? "" : "too late") + (is_done ? "" : ", and nothing has changed"));
    if (is_done) modelled(model_);
    follow(true);
  }

  void act(const char* word, const std::vector<std::size_t>& which,
           const std::function<void(FeedsModel&, const std::vector<std::string>&, const std::vector<std::size_t>&)>& modelled) {
    if (which.empty()) return;
    const auto in = some_feeds();
    tell(std::string(word) + names(which) + " in " + names(in));
    change(
        [&](Site& site) {
          const FeedAction actions[] = {FeedAction::enable, FeedAction::disable, FeedAction::enable_upto,
                                        FeedAction::undeploy_downto};
          const auto action = *std::find_if(std::begin(actions), std::end(actions),
                                            [&](FeedAction a) { return word_for(a) == std::string(word); });
          std::vector<std::string> given;
          for (const std::size_t p : which) given.push_back(made_up_patchsets()[p].name);
          change_feeds(site, find_feeds(site, in), action, given);
        },
        [&](FeedsModel& m) { modelled(m, in, which); });
  }

  void deploy_some() {
    std::vector<std::size_t> all(made_up_patchsets().size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    const auto which = some_of(all, 3);
    const auto into = some_feeds();
    const bool enable = roll(4) != 0;
    tell(std::string("deploy") + (enable ? "" : " --disabled") + names(which) + " into " + names(into));
    change(
        [&](Site& site) {
          DeployOrder order;
          for (const std::size_t p : which) order.archives.push_back(path_of(made_up_patchsets()[p]));
          order.feeds = into;
          order.enable = enable;
          deploy(site, order);
        },
        [&](FeedsModel& m) { m.deploy(into, which, enable); });
  }

  void roll_back() {
    const std::string name = a_feed();
    const auto& feed = model_.feeds.at(name);
    std::optional<std::uint64_t> to = model_.before_last_change(name);
    const bool by_number = !to || roll(2) == 0;
    if (by_number) {
      auto it = feed.changes_at.begin();
      std::advance(it, roll(feed.changes_at.size()));
      to = it->first;
    }
    tell(fmt::format("feed rollback {} to {}{}", name, *to, by_number ? "" : ", by itself"));
    change(
        [&](Site& site) {
          std::optional<std::uint64_t> chosen;
          if (by_number) chosen = to;
          roll_back_feed(site, find_feed(site, name), chosen);
        },
        [&](FeedsModel& m) { m.roll_back(name, *to); });
  }

  void add_or_remove() {
    const std::string name = roll(2) == 0 ? "test" : "24h";
    const auto site = open();
    if (model_.feeds.count(name) != 0) {
      tell("feed remove " + name);
      remove_feed(*site, find_feed(*site, name));
      model_.feeds.erase(name);
      unpruned_.erase(name);
      CHECK_FALSE(exists(root(name)));
      return;
    }
    const bool like = roll(2) == 0;
    tell("feed add " + name + (like ? " --like main" : " --auto"));
    const auto feed = add_feed(*site, name, !like);
    model_.add(name);
    follow();
    if (like) {
      REQUIRE(copy_states(*site, find_feed(*site, "main"), feed));
      model_.copy("main", name);
    } else {
      REQUIRE(update_feeds(*site, {feed}, ""));
      model_.update(name);
    }
    follow();
  }

  void update() {
    const std::string name = a_feed();
    tell("feed change --auto " + name);
    change([&](Site& site) { update_feeds(site, {find_feed(site, name)}, ""); }, [&](FeedsModel& m) { m.update(name); });
  }

  void store() {
    const std::size_t p = roll(made_up_patchsets().size());
    if (model_.here.count(p) != 0) return;
    const auto& patchset = made_up_patchsets()[p];
    tell("adopt --no-deploy " + patchset.name);
    const TempFolder folder;
    write_archive(folder / archive_name(patchset), patchset);
    REQUIRE(adopt(*open(), folder.path(), false).adopted.size() == 1);
    model_.store(p);
    follow();
  }

  void withdraw_one() {
    if (model_.withdrawn.size() == 2) return;
    const std::size_t p = roll(made_up_patchsets().size());
    tell("withdrawn: " + made_up_patchsets()[p].name);
    const auto site = open();
    Transaction transaction(site->db());
    withdraw(*site, made_up_patchsets()[p].name, 1);
    transaction.commit();
    publish_changed(*site);
    model_.withdraw(p);
    follow();
  }

  void roll_site() {
    for (const std::size_t p : some_here(2)) {
      const bool out = roll(2) == 0;
      tell(std::string("the site is rolled ") + (out ? "back before " : "forward to ") + made_up_patchsets()[p].name);
      const auto site = open();
      Transaction transaction(site->db());
      out ? roll_out(*site, made_up_patchsets()[p].name) : roll_in(*site, made_up_patchsets()[p].name);
      transaction.commit();
      publish_changed(*site);
      out ? model_.roll_out(p) : model_.roll_in(p);
      follow();
    }
  }

  void let_time_pass() {
    constexpr std::uint64_t kSteps[] = {0, 1, 60, 598, 599, 600, 601, 7200};
    time_ += kSteps[roll(std::size(kSteps))];
    at(time_);
    tell("it is " + std::to_string(time_));
  }

  void lose_something() {
    const std::string name = a_feed();
    auto& feed = model_.feeds.at(name);
    const std::string generations = root(name) + "/generations/";
    switch (roll(5)) {
      case 0: {
        tell("feed " + name + " loses `current`");
        remove_file(root(name) + "/current");
        break;
      }
      case 1: {
        tell("feed " + name + " loses the tree that it shows");
        remove_tree(generations + fmt::format("{:06}", feed.current));
        break;
      }
      case 2: {
        tell("the database forgets that feed " + name + " was published");
        Query(open()->db(), "UPDATE feed SET published=published-1 WHERE name=?1").bind(name).run();
        recover(*open());
        return follow_anew(name);
      }
      case 3: {
        tell("a killed run has left half of a generation of feed " + name);
        make_folders(generations + fmt::format("{:06}", feed.current + 1) + "/half-built");
        make_folders(root(name) + "/folders/00000000000000000000000000000000000000a1/nothing-shows-this.new");
        const auto site = open();
        Query(site->db(), "UPDATE feed SET revision=revision+1 WHERE name=?1").bind(name).run();
        publish_changed(*site);
        ++feed.changes;
        return follow_anew(name);
      }
      default: {
        tell("feed " + name + " is built from scratch");
        const auto site = open();
        Query(site->db(), "UPDATE feed SET published=revision+1 WHERE name=?1").bind(name).run();
        make_folders(generations + fmt::format("{:06}", feed.current + 1) + "/half-built");
        publish_changed(*site);
        return follow_anew(name);
      }
    }
    // Nobody can tell any more what was enabled until then, so nothing lingers.
    recover(*open());
    feed.enabled.clear();
    feed.lingering.clear();
    follow_anew(name);
  }
  /// A generation that nothing but a loss has caused.
  void follow_anew(const std::string& name) {
    auto& feed = model_.feeds.at(name);
    INFO(history_);
    REQUIRE(number_shown(name) == feed.current + 1);
    model_.publish(name, feed.current + 1, time_);
    unpruned_.erase(name);
  }

  void check() const {
    INFO(history_);
    for (const auto& [name, feed] : model_.feeds) {
      INFO("feed " << name << ", generation " << feed.current);
      const Files shown = served_from(root(name) + "/current");
      REQUIRE(difference(shown, feed.generations.at(feed.current).shown) == "");
      REQUIRE(dangling(shown) == "");
      std::set<std::string> linked;
      for (const auto& generation : folder_entries(root(name) + "/generations")) {
        INFO("its generation " << generation);
        const std::uint64_t number = std::stoull(generation);
        REQUIRE(number <= feed.current);
        if (unpruned_.count(name) != 0 && number + FeedsModel::kKept <= feed.current) continue;  // half gone, perhaps
        REQUIRE(number + FeedsModel::kKept > feed.current);
        const auto known = feed.generations.find(number);  // none: shown, and not recorded because of a power cut
        const Files then = served_from(root(name) + "/generations/" + generation);
        REQUIRE(difference(then, known == feed.generations.end() ? then : known->second.shown) == "");
        REQUIRE(std::none_of(then.begin(), then.end(), [](const auto& file) { return file.second == "(broken)"; }));
        linked.merge(links_beneath(root(name) + "/generations/" + generation));
      }
      if (unpruned_.count(name) == 0) REQUIRE(folders_beneath(root(name) + "/folders") == linked);
    }
    REQUIRE(folder_entries(base_ + "/feeds").size() == model_.feeds.size());
  }

  QuickFolders quick_;
  TempFolder files_;
  std::string base_ = files_ / "base";
  std::mt19937 dice_;
  std::string history_;
  std::uint64_t time_ = 1'700'000'000;
  FeedsModel model_;
  std::set<std::string> unpruned_;  // feeds whose last generation was interrupted: the next one tidies up
};

}  // namespace

TEST_CASE("after any sequence of operations every feed shows what a simple model shows") {
  const unsigned seed = GENERATE(1U, 2U, 3U, 4U);
  Play play(seed);
  for (int i = 0; i < 300; ++i) play.turn();
}

TEST_CASE("after any of many long sequences every feed shows what a simple model shows", "[slow]") {
  for (unsigned seed = 100; seed < 112; ++seed) {
    Play play(seed);
    for (int i = 0; i < 600; ++i) play.turn();
  }
}
