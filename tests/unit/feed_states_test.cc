// SPDX-License-Identifier: Apache-2.0
// What each action makes of each state, and in which order patchsets are.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "importer/catalogue.h"
#include "importer/feed_states.h"

using namespace patchferry;
using namespace patchferry::importer;

namespace {

using State = FeedState;
using Action = FeedAction;

KnownPatchset patchset(const std::string& name, State state) {
  KnownPatchset p;
  p.name.patchset = parse_patchset_name(name).value();
  p.name.file = name + ".tar.bz2";
  p.withdrawn = state == State::withdrawn;
  p.feeds = {{"main", state}, {"other", State::enabled}};
  return p;
}

std::vector<KnownPatchset> known(const std::vector<std::pair<std::string, State>>& all) {
  std::vector<KnownPatchset> out;
  for (const auto& [name, state] : all) {
    out.push_back(patchset(name, state));
    out.back().id = static_cast<std::int64_t>(out.size());
  }
  return out;
}

/// What became of one patchset: the state's word, with a mark where a person has decided on it, or left it as it was.
std::string fate(const FeedDecision& decision, const std::string& name) {
  std::string out;
  for (const auto& move : decision.moves)
    if (move.name == name) out += std::string(word_for(move.from)) + ">" + word_for(move.to);
  if (std::count(decision.kept.begin(), decision.kept.end(), name) != 0) out += "kept";
  if (std::count(decision.withdrawn.begin(), decision.withdrawn.end(), name) != 0) out += "withdrawn";
  return out.empty() ? "-" : out;
}

constexpr const char* kOlder = "K20260105_09";
constexpr const char* kNamed = "K20260105_10";
constexpr const char* kNewer = "K31012026_1";
constexpr const char* kOlderOfOther = "U20260104_01";
constexpr const char* kNewerOfOther = "U20260201_01-qemu";

}  // namespace

TEST_CASE("every action on every state, of the patchset that is named, older ones, newer ones, and those of other products") {
  struct Case {
    State state;
    Action action;
    const char* older;
    const char* named;
    const char* newer;
  };
  const Case cases[] = {
      // state            action                   older                  named                  newer
      {State::undeployed, Action::enable, "-", "undeployed>enabled", "-"},
      {State::enabled, Action::enable, "-", "-", "-"},
      {State::disabled, Action::enable, "-", "disabled>enabled", "-"},
      {State::withdrawn, Action::enable, "-", "withdrawn", "-"},

      {State::undeployed, Action::disable, "-", "undeployed>disabled", "-"},
      {State::enabled, Action::disable, "-", "enabled>disabled", "-"},
      {State::disabled, Action::disable, "-", "disabled>disabled", "-"},  // by a person now, if a rollback had done it
      {State::withdrawn, Action::disable, "-", "withdrawn", "-"},

      {State::undeployed, Action::enable_upto, "undeployed>enabled", "undeployed>enabled", "-"},
      {State::enabled, Action::enable_upto, "-", "-", "-"},
      {State::disabled, Action::enable_upto, "kept", "kept", "-"},
      {State::withdrawn, Action::enable_upto, "withdrawn", "withdrawn", "-"},

      // From undeployed to undeployed is a move: now a person has decided it.
      {State::undeployed, Action::undeploy_downto, "-", "undeployed>undeployed", "undeployed>undeployed"},
      {State::enabled, Action::undeploy_downto, "-", "enabled>undeployed", "enabled>undeployed"},
      {State::disabled, Action::undeploy_downto, "-", "kept", "kept"},
      {State::withdrawn, Action::undeploy_downto, "-", "withdrawn", "withdrawn"},
  };
  std::set<std::pair<State, Action>> seen;
  for (const auto& c : cases) {
    INFO(word_for(c.action) << " of what is " << word_for(c.state));
    CHECK(seen.insert({c.state, c.action}).second);
    const auto all =
        known({{kOlderOfOther, c.state}, {kOlder, c.state}, {kNamed, c.state}, {kNewer, c.state}, {kNewerOfOther, c.state}});
    const auto decision = decide(all, "main", c.action, all[2]);
    CHECK(fate(decision, kOlder) == c.older);
    CHECK(fate(decision, kNamed) == c.named);
    CHECK(fate(decision, kNewer) == c.newer);
    CHECK(fate(decision, kOlderOfOther) == "-");
    CHECK(fate(decision, kNewerOfOther) == "-");
  }
  CHECK(seen.size() == 16);
}

TEST_CASE("an action on a patchset that is out of a feed itself still moves the others") {
  const State named = GENERATE(State::disabled, State::withdrawn);
  const auto all = known({{kOlder, State::undeployed}, {kNamed, named}, {kNewer, State::enabled}});
  const auto up = decide(all, "main", Action::enable_upto, all[1]);
  CHECK(fate(up, kOlder) == "undeployed>enabled");
  CHECK(fate(up, kNewer) == "-");
  const auto down = decide(all, "main", Action::undeploy_downto, all[1]);
  CHECK(fate(down, kOlder) == "-");
  CHECK(fate(down, kNewer) == "enabled>undeployed");
}

TEST_CASE("an action looks at the states of its own feed") {
  const auto all = known({{kOlder, State::undeployed}, {kNamed, State::disabled}});
  CHECK(fate(decide(all, "other", Action::enable_upto, all[1]), kOlder) == "-");
  CHECK(fate(decide(all, "other", Action::disable, all[1]), kNamed) == "enabled>disabled");
}

TEST_CASE("enable-upto and undeploy-downto go by date and number, whichever way the vendor wrote the date") {
  const std::vector<std::string> in_order = {
      "16012017_1",  "04082020_1",   "K04082020_2",  "K31082020_2",  "K16092020_9",  "K16092020_10", "K20201201_01",
      "K01122020_2", "K20210102_01", "K03012021_01", "K20251112_06", "K12112025_07", "K20251112_10", "K20260105_01",
  };
  std::vector<std::pair<std::string, State>> parts;
  for (const auto& name : in_order) parts.emplace_back(name, State::undeployed);
  auto all = known(parts);
  std::mt19937 dice(5);
  for (int i = 0; i < 5; ++i) {
    std::shuffle(all.begin(), all.end(), dice);
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name.patchset < b.name.patchset; });
    for (std::size_t named = 0; named < all.size(); ++named) {
      REQUIRE(all[named].name.patchset.text == in_order[named]);
      const auto up = decide(all, "main", Action::enable_upto, all[named]);
      const auto down = decide(all, "main", Action::undeploy_downto, all[named]);
      REQUIRE(up.moves.size() == named + 1);
      REQUIRE(down.moves.size() == all.size() - named);
      CHECK(up.moves.front().name == in_order.front());
      CHECK(up.moves.back().name == in_order[named]);
      CHECK(down.moves.front().name == in_order[named]);
      CHECK(down.moves.back().name == in_order.back());
    }
  }
}
