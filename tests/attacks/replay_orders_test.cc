// SPDX-License-Identifier: Apache-2.0
// Bundles that come in any order: the ledger goes forward only.
#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>

#include "tests/attacks/series.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

/// One order of five bundles, as far as it has come.
struct Walk {
  Order done;
  unsigned reached = 0;  // newest that was imported
  Order refused;
};

/// All orders that begin like `walk`, of which `base` is the outcome: orders share the imports that they have in common.
/// `step(base, number, walk)` imports one more; `end(base, walk)` looks at an order that is whole.
/// Of a few only, those in which all behind the first two come in their own order.
template <class Step, class End>
void all_orders(const Series& series, const std::string& base, const Walk& walk, bool few, const Step& step, const End& end) {
  if (walk.done.size() == 5) return end(base, walk);
  for (unsigned number = 1; number <= 5; ++number) {
    if (std::find(walk.done.begin(), walk.done.end(), number) != walk.done.end()) continue;
    if (few && walk.done.size() > 2 && number < walk.done.back()) continue;
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
    all_orders(series, next.path(), further, few, step, end);
  }
}

void increments_in_orders(bool few) {
  Series series;
  series.ship_increments(5);
  std::optional<Readers> first;
  unsigned orders = 0;
  all_orders(
      series, series.fresh(), {}, few,
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
  CHECK(orders == (few ? 20U : 120U));
}

void full_bundles_in_orders(bool few) {
  Series series;
  for (int i = 0; i < 5; ++i) series.ship({"--full"});
  const Copy newest(series, series.fresh());
  check_imported(series.import(newest.path(), 5));
  const Readers wanted = served(newest.path());
  unsigned orders = 0;
  all_orders(
      series, series.fresh(), {}, few,
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
  CHECK(orders == (few ? 20U : 120U));
}

}  // namespace

TEST_CASE("five increments in 20 orders: the sequence never falls, and the ends are equal") { increments_in_orders(true); }
TEST_CASE("five increments in all 120 orders: the sequence never falls, and the ends are equal", "[slow]") {
  increments_in_orders(false);
}
TEST_CASE("five full bundles in 20 orders: the sequence never falls, and the end is that of the newest") {
  full_bundles_in_orders(true);
}
TEST_CASE("five full bundles in all 120 orders: the sequence never falls, and the end is that of the newest", "[slow]") {
  full_bundles_in_orders(false);
}
