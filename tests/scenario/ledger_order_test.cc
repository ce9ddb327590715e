// SPDX-License-Identifier: Apache-2.0
// Bundles that come in any order, or not at all. The ledger goes forward only; what a bundle builds on is there, or it is
// refused and names the bundle to bring; readers never see a part of one.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>

#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

using Readers = std::map<std::string, std::string>;

std::string release_name(unsigned number) { return fmt::format("K202601{:02}_01", number); }

/// A store whose bundle n brings release n, and the bases that they are imported into: in memory where that can be had,
/// for thousands of imports wait for nothing but their disk.
class Series {
 public:
  Series() {
    make_folder(world_.at("bases"));
    if (MemoryFileSystem::why_not().empty()) memory_.emplace(world_.at("bases"), "size=64m");
    patchferry::remove_file(world_.base() + "/reserve");  // no copy needs 8 MiB for a day that does not come here
    copy_tree(world_.base(), fresh());
    remove_file(fresh() + "/reserve");  // as where there is little room
  }

  const World& world() const { return world_; }
  const std::vector<std::string>& bundles() const { return bundles_; }
  std::string fresh() const { return world_.at("bases/fresh"); }

  /// One more release and the bundle that brings it.
  void ship(const Words& basis) {
    const auto number = static_cast<unsigned>(bundles_.size() + 1);
    world_.release_kernels(release_name(number), {{1, number}}, 300);
    bundles_.push_back(world_.export_more(basis));
  }
  /// `count` of them, each building on all before it.
  void ship_increments(unsigned count) {
    ship({"--full"});
    while (bundles_.size() < count) ship({"--assume-delivered", "0"});
  }

  Outcome import(const std::string& base, unsigned number) const {
    return world_.import_into(base, {bundles_.at(number - 1), "--json"});
  }

 private:
  World world_;
  std::optional<MemoryFileSystem> memory_;
  std::vector<std::string> bundles_;
};

/// A base of its own, copied from another.
class Copy {
 public:
  explicit Copy(const Series& series, const std::string& from) : path_(series.world().at("bases/copy")) {
    while (exists(path_)) path_ += "y";
    copy_tree(from, path_);
  }
  ~Copy() { remove_tree(path_); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::uint64_t sequence_of(const std::string& base) { return status_of(base).at("sequence"); }

std::vector<std::string> names_of(unsigned count) {
  std::vector<std::string> out;
  for (unsigned i = 1; i <= count; ++i) out.push_back(release_name(i));
  return out;
}

/// That it was refused because bundle `wanted` and no lower one must be brought first.
void check_incomplete(const Outcome& done, unsigned wanted) {
  INFO(done.out << done.err);
  CHECK(done.code == 1);
  const auto findings = json_of(done).at("findings");
  REQUIRE_FALSE(findings.empty());
  for (const auto& finding : findings) CHECK(finding.at("kind") == "incomplete");
  CHECK(says(findings[0].at("hint"), fmt::format("bring bundle {} ", wanted)));
  CHECK(says(done.err, fmt::format("hint: bring bundle {} ", wanted)));
}

void check_refused_as(const Outcome& done, const std::string& kind) {
  INFO(done.out << done.err);
  CHECK(done.code == 1);
  CHECK(kinds_of(done) == std::vector<std::string>{kind});
}

void check_imported(const Outcome& done) {
  INFO(done.out << done.err);
  REQUIRE(done.code == 0);
}

using Order = std::vector<unsigned>;

std::string text_of(const Order& order) {
  std::string out;
  for (const unsigned number : order) out += std::to_string(number) + " ";
  return out;
}

/// One order of five bundles, as far as it has come.
struct Walk {
  Order done;
  unsigned reached = 0;  // newest that was imported
  Order refused;
};

/// All orders that begin like `walk`, of which `base` is the outcome: orders share the imports that they have in common.
/// `step(base, number, walk)` imports one more; `end(base, walk)` looks at an order that is whole.
template <class Step, class End>
void all_orders(const Series& series, const std::string& base, const Walk& walk, const Step& step, const End& end) {
  if (walk.done.size() == 5) return end(base, walk);
  for (unsigned number = 1; number <= 5; ++number) {
    if (std::find(walk.done.begin(), walk.done.end(), number) != walk.done.end()) continue;
    const Copy next(series, base);
    Walk further = walk;
    further.done.push_back(number);
    INFO("in the order " << text_of(further.done));
    const Readers before = visible(next.path());
    step(next.path(), number, further);
    if (further.reached == walk.reached) {
      CHECK(visible(next.path()) == before);
      further.refused.push_back(number);
    }
    CHECK(sequence_of(next.path()) == further.reached);
    all_orders(series, next.path(), further, step, end);
  }
}

/// Those of eight increments whose bit is set in `lost` do not come at first.
void lose_of_eight(const Series& series, unsigned lost, const std::vector<std::string>& prefixes, const Readers& wanted) {
  Order present, missing;
  for (unsigned number = 1; number <= 8; ++number) ((lost >> (number - 1) & 1) != 0 ? missing : present).push_back(number);
  INFO("without " << text_of(missing));
  const unsigned lowest = missing.front();
  // What came before the first that was lost is the same for all: it was imported once, bundle by bundle.
  const Copy base(series, prefixes.at(lowest - 1));
  const auto next = std::find_if(present.begin(), present.end(), [&](unsigned number) { return number > lowest; });
  if (next != present.end()) {
    const Readers before = visible(base.path());
    check_incomplete(series.import(base.path(), *next), lowest);
    CHECK(visible(base.path()) == before);
    CHECK(sequence_of(base.path()) == lowest - 1);
  }
  for (unsigned number = lowest; number <= 8; ++number) {
    if (next == present.end() && number > missing.back()) break;
    check_imported(series.import(base.path(), number));
  }
  CHECK(served(base.path()) == wanted);
}

/// `count` of the 254 subsets that are neither empty nor all, spread over them.
void lose_subsets_of_eight(unsigned count) {
  Series series;
  series.ship_increments(8);
  std::vector<std::string> prefixes = {series.fresh()};
  for (unsigned number = 1; number <= 8; ++number) {
    const std::string grown = series.world().at(fmt::format("bases/first-{}", number));
    copy_tree(prefixes.back(), grown);
    check_imported(series.import(grown, number));
    prefixes.push_back(grown);
  }
  series.world().check_archives(prefixes.back(), names_of(8));
  const Readers wanted = served(prefixes.back());
  for (unsigned i = 0; i < count; ++i) lose_of_eight(series, 1 + i * 101 % 254, prefixes, wanted);
}

}  // namespace

TEST_CASE("five increments in all 120 orders: the sequence never falls, and the ends are equal") {
  Series series;
  series.ship_increments(5);
  std::optional<Readers> first;
  unsigned orders = 0;
  all_orders(
      series, series.fresh(), {},
      [&](const std::string& base, unsigned number, Walk& walk) {
        const Outcome done = series.import(base, number);
        if (number != walk.reached + 1) return check_incomplete(done, walk.reached + 1);
        check_imported(done);
        walk.reached = number;
      },
      [&](const std::string& base, Walk walk) {
        // What was refused comes once more, in its own order.
        std::sort(walk.refused.begin(), walk.refused.end());
        for (const unsigned number : walk.refused) check_imported(series.import(base, number));
        CHECK(sequence_of(base) == 5);
        const Readers all = visible(base);
        if (!first) first = all;
        CHECK(all == *first);
        ++orders;
      });
  CHECK(orders == 120);
}

TEST_CASE("five full bundles in all 120 orders: the sequence never falls, and the end is that of the newest") {
  Series series;
  for (int i = 0; i < 5; ++i) series.ship({"--full"});
  const Copy newest(series, series.fresh());
  check_imported(series.import(newest.path(), 5));
  const Readers wanted = served(newest.path());
  unsigned orders = 0;
  all_orders(
      series, series.fresh(), {},
      [&](const std::string& base, unsigned number, Walk& walk) {
        const Outcome done = series.import(base, number);
        if (number < walk.reached) return check_refused_as(done, "stale");
        check_imported(done);
        walk.reached = number;
      },
      [&](const std::string& base, const Walk& walk) {
        CHECK(walk.reached == 5);
        series.world().check_archives(base, names_of(5));
        CHECK(served(base) == wanted);
        ++orders;
      });
  CHECK(orders == 120);
}

TEST_CASE("64 subsets of eight increments are lost: the lowest missing number is named, and bringing it mends all") {
  lose_subsets_of_eight(64);
}

TEST_CASE("any subset of eight increments is lost: the lowest missing number is named, and bringing it mends all", "[slow]") {
  lose_subsets_of_eight(254);
}

TEST_CASE("newest bundles that are held back are missed by a head token") {
  Series series;
  series.ship_increments(4);
  const std::string base = series.world().base();
  check_imported(series.import(base, 1));
  check_imported(series.import(base, 2));
  CHECK(alarm_of(base, "held-back").empty());
  const auto taken = typed({"head", "take", "--base", base, "--text", series.world().head_token(), "--json"});
  REQUIRE(taken.code == 0);
  CHECK(json_of(taken).at("sequence") == 4);
  CHECK(says(alarm_of(base, "held-back"), "bring bundle 4 (patchferry-plant1-000004)"));
  const Outcome third = series.import(base, 3);
  check_imported(third);
  CHECK(says(json_of(third).at("warnings").dump(), "bundle 4 is known to exist"));
  CHECK_FALSE(alarm_of(base, "held-back").empty());
  check_imported(series.import(base, 4));
  CHECK(alarm_of(base, "held-back").empty());
}

TEST_CASE("with --assume-delivered 2 one lost stick or two in a row cost nothing") {
  Series series;
  series.ship({"--full"});
  while (series.bundles().size() < 7) series.ship({"--assume-delivered", "2"});
  for (unsigned first = 2; first <= 5; ++first) {
    for (unsigned count = 1; count <= 2; ++count) {
      INFO(count << " lost from bundle " << first << " on");
      const Copy base(series, series.fresh());
      for (unsigned number = 1; number <= 7; ++number) {
        if (number >= first && number < first + count) continue;
        check_imported(series.import(base.path(), number));
        if (number >= first + count) series.world().check_archives(base.path(), names_of(number));
      }
    }
  }
  // One more is one too many, and the site is told which would help.
  const Copy base(series, series.fresh());
  check_imported(series.import(base.path(), 1));
  check_incomplete(series.import(base.path(), 5), 2);
  check_imported(series.import(base.path(), 4));
  check_imported(series.import(base.path(), 5));
}
