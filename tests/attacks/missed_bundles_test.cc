// SPDX-License-Identifier: Apache-2.0
// Bundles that do not come at first: what a bundle builds on is there, or it is refused and names the bundle to bring; readers
// never see a part of one.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/attacks/series.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

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

TEST_CASE("12 subsets of eight increments are lost: the lowest missing number is named, and bringing it mends all") {
  lose_subsets_of_eight(12);
}

TEST_CASE("any subset of eight increments is lost: the lowest missing number is named, and bringing it mends all", "[slow]") {
  lose_subsets_of_eight(254);
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
