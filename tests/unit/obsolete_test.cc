// SPDX-License-Identifier: Apache-2.0
// What is obsolete and what is not, case by case, and why.
#include <catch2/catch.hpp>

#include "importer/cleaning/obsolete.h"

using namespace patchferry::importer;

namespace {

constexpr std::uint64_t kDay = 86'400;
constexpr std::uint64_t kNow = 1'800'000'000;

PatchsetView patchset(const std::string& name, std::vector<ServedLevel> levels, std::vector<std::optional<FeedState>> states) {
  PatchsetView p;
  p.name = name;
  p.product = "kernel";
  p.arrived = kNow - 100 * kDay;
  p.levels = std::move(levels);
  p.states = std::move(states);
  return p;
}

constexpr auto kOn = FeedState::enabled;
constexpr auto kOff = FeedState::disabled;
constexpr auto kOut = FeedState::undeployed;
constexpr std::optional<FeedState> kOpen = std::nullopt;

/// Two feeds; nothing retains anything.
CleanSnapshot snapshot(std::vector<PatchsetView> patchsets) {
  CleanSnapshot all;
  all.patchsets = std::move(patchsets);
  all.feeds.resize(2);
  all.feeds[0].name = "main";
  all.feeds[1].name = "test";
  all.settings = {0, 0, 0};
  all.now = kNow;
  return all;
}

std::string fates(const CleanSnapshot& all) {
  std::string out;
  for (const auto& one : judge(all)) {
    const char* sign = one.fate == Fate::goes ? "-" : one.fate == Fate::leaves ? "~" : "+";
    out += (out.empty() ? "" : " ") + (sign + one.reason);
  }
  return out;
}

}  // namespace

TEST_CASE("what is covered everywhere goes, and what is the newest, or may still be taken, stays") {
  struct Case {
    const char* what;
    std::vector<std::optional<FeedState>> older, newer;
    const char* fates;
  };
  const Case cases[] = {
      {"enabled everywhere", {kOn, kOn}, {kOn, kOn}, "-covered +newest"},
      {"enabled in one, out of the other", {kOn, kOff}, {kOn, kOff}, "-covered +newest"},
      {"taken out by a person", {kOff, kOut}, {kOn, kOut}, "-covered +newest"},
      {"undecided where it is covered", {kOpen, kOpen}, {kOn, kOn}, "-covered +newest"},
      {"undecided where nothing newer is", {kOn, kOpen}, {kOn, kOpen}, "+wanted +newest"},
      {"enabled where nothing newer is", {kOn, kOn}, {kOn, kOff}, "+newest +newest"},
      {"enabled where the newer one is disabled", {kOn, kOn}, {kOff, kOff}, "+newest +uncovered"},
      {"out of every feed, and nothing newer is in any", {kOff, kOut}, {kOff, kOut}, "+uncovered +uncovered"},
      {"nobody has decided on the newer one", {kOff, kOff}, {kOpen, kOff}, "+uncovered +wanted"},
  };
  for (const auto& c : cases) {
    INFO(c.what);
    CHECK(fates(snapshot({patchset("K1", {{"a", 1}}, c.older), patchset("K2", {{"a", 2}}, c.newer)})) == c.fates);
  }
}

TEST_CASE("newer is a higher level, or the same level out of a newer release; every kernel counts") {
  const std::vector<std::optional<FeedState>> on = {kOn, kOn};
  CHECK(fates(snapshot({patchset("K1", {{"a", 5}}, on), patchset("K2", {{"a", 2}}, on)})) == "+newest -covered");
  CHECK(fates(snapshot({patchset("K1", {{"a", 2}}, on), patchset("K2", {{"a", 2}}, on)})) == "-covered +newest");
  CHECK(fates(snapshot({patchset("K1", {{"a", 1}, {"b", 1}}, on), patchset("K2", {{"a", 2}}, on)})) == "+newest +newest");
  CHECK(fates(snapshot({patchset("K1", {{"a", 1}, {"b", 1}}, on), patchset("K2", {{"a", 2}}, on),
                        patchset("K3", {{"b", 2}}, on)})) == "-covered +newest +newest");
  CHECK(fates(snapshot({patchset("K1", {{"a", 1}, {"a", 3}}, on), patchset("K2", {{"a", 2}}, on)})) == "+newest -covered");
  // A build id that looks like a khash is another thing.
  CHECK(fates(snapshot({patchset("K1", {{"a", 1}}, on), patchset("U2", {{"u/a", 2}}, on)})) == "+newest +newest");
  CHECK(fates(snapshot({patchset("K1", {}, on), patchset("K2", {{"a", 2}}, on)})) == "+unknown +newest");
}

TEST_CASE("what covers goes too once it is covered, and the newest of all stays") {
  const std::vector<std::optional<FeedState>> on = {kOn, kOn};
  CHECK(fates(snapshot({patchset("K1", {{"a", 1}}, on), patchset("K2", {{"a", 2}}, on), patchset("K3", {{"a", 3}}, on)})) ==
        "-covered -covered +newest");
}

TEST_CASE("a withdrawn patchset goes whatever feeds have, and covers nothing") {
  auto newer = patchset("K2", {{"a", 2}}, {kOff, kOff});
  newer.withdrawn = true;
  CHECK(fates(snapshot({patchset("K1", {{"a", 1}}, {kOn, kOn}), newer})) == "+newest -withdrawn");
  newer.states = {kOn, kOn};  // as no base has it
  CHECK(fates(snapshot({patchset("K1", {{"a", 1}}, {kOn, kOn}), newer})) == "+newest -withdrawn");
}

TEST_CASE("pins, pending archives, retention and receipts each keep what is obsolete") {
  const std::vector<std::optional<FeedState>> on = {kOn, kOn};
  const auto with = [&](auto change) {
    auto all = snapshot({patchset("K1", {{"a", 1}}, on), patchset("K2", {{"a", 2}}, on)});
    change(all);
    return fates(all);
  };
  CHECK(with([](auto& all) { all.patchsets[0].pinned = true; }) == "+pinned +newest");
  CHECK(with([](auto& all) { all.patchsets[0].pending = true; }) == "+pending +newest");
  CHECK(with([](auto& all) { all.settings.keep = 1; }) == "-covered +newest");
  CHECK(with([](auto& all) { all.settings.keep = 2; }) == "+recent +newest");
  CHECK(with([](auto& all) {
          all.settings.keep = 1;
          all.patchsets[1].product = "user";
        }) == "+recent +newest");
  CHECK(with([](auto& all) {
          all.settings.keep_days = 30;
          all.patchsets[0].arrived = kNow - 30 * kDay + 1;
        }) == "+young +newest");
  CHECK(with([](auto& all) {
          all.settings.keep_days = 30;
          all.patchsets[0].arrived = kNow - 30 * kDay;
        }) == "-covered +newest");
  CHECK(with([](auto& all) {  // the clock was put back
          all.settings.keep_days = 30;
          all.patchsets[0].arrived = kNow + 400 * kDay;
        }) == "+young +newest");
  CHECK(with([](auto& all) { all.patchsets[0].promised = true; }) == "~covered +newest");
  CHECK(with([](auto& all) { all.patchsets[0].promised = all.patchsets[0].pinned = true; }) == "+pinned +newest");
}

TEST_CASE("what is withdrawn does not count among the newest that are kept") {
  const std::vector<std::optional<FeedState>> on = {kOn, kOn};
  auto all = snapshot({patchset("K1", {{"a", 1}}, on), patchset("K2", {{"a", 2}}, on), patchset("K3", {{"a", 3}}, {kOff, kOff}),
                       patchset("K4", {{"a", 3}}, {kOff, kOff})});
  all.settings.keep = 2;
  all.patchsets[2].withdrawn = all.patchsets[3].withdrawn = true;
  CHECK(fates(all) == "+recent +newest -withdrawn -withdrawn");
}

TEST_CASE("a level that a kept generation names, or that lingers, keeps the patchset that it is served out of") {
  const std::vector<std::optional<FeedState>> on = {kOn, kOn};
  auto all = snapshot({patchset("K1", {{"a", 1}}, on), patchset("K2", {{"a", 1}}, on), patchset("K3", {{"a", 2}}, on)});
  all.feeds[0].shown = {{{"a", 1}, "K2"}, {{"a", 2}, "K3"}};
  CHECK(fates(all) == "-covered -covered +newest");
  all.feeds[0].named = {{"a", 1}};
  CHECK(fates(all) == "-covered +generation +newest");
  all.feeds[0].named = {{"b", 1}, {"a", 7}};
  all.feeds[0].lingering = {{"a", 1}};
  CHECK(fates(all) == "-covered +generation +newest");
  all.patchsets[1].withdrawn = true;
  CHECK(fates(all) == "-covered -withdrawn +newest");
}

TEST_CASE("what a person wants gone at once goes without retention and receipt, but not out of a feed, nor from under agents") {
  auto all = snapshot({patchset("K1", {{"a", 1}}, {kOn, kOff}), patchset("K2", {{"a", 2}}, {kOff, kOff})});
  all.settings = {3, 30, 7};
  all.patchsets[1].promised = true;
  all.patchsets[1].arrived = kNow - 5;
  all.at_once = {"K2"};
  CHECK(fates(all) == "+newest -covered");
  all.feeds[0].shown = {{{"a", 1}, "K1"}, {{"a", 2}, "K2"}};
  all.feeds[0].named = {{"a", 2}};
  all.feeds[0].changed = kNow - 599;
  CHECK(fates(all) == "+newest +generation");
  all.feeds[0].changed = kNow - 600;
  CHECK(fates(all) == "+newest -covered");
  all.patchsets[1].pinned = true;
  CHECK(fates(all) == "+newest +pinned");
  all.patchsets[1].pinned = false;
  all.patchsets[1].states = {kOff, kOpen};
  CHECK(fates(all) == "+newest +wanted");
  all.patchsets[1].states = {kOff, kOn};
  CHECK(fates(all) == "+newest +newest");
}
