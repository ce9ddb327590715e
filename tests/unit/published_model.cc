// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/published_model.h"

#include <algorithm>

namespace patchferry::test {

namespace {

const std::string kFirst = "00000000000000000000000000000000000000a1";
const std::string kSecond = "00000000000000000000000000000000000000b2";
const std::string kThird = "00000000000000000000000000000000000000c3";
const std::string kLibrary = "u/00000000000000000000000000000000000000d4";
const std::string kLikeAKernel = "u/" + kFirst;  // a build id that looks like a khash

Files patch(const std::string& bytes) { return {{"kpatch.bin", bytes}, {"kpatch.info", "uname: x\n"}}; }

/// The pointers that a feed writes where the vendor ships none.
MadeUpPointer own_pointer(const std::string& served, std::uint64_t level) {
  if (served.starts_with("u/")) return {"latest", std::to_string(level), true};
  return {"latest.v1", std::to_string(level) + "\n"};
}

void put_level(Files& out, const std::string& folder, const Files& files) {
  for (const auto& [name, bytes] : files) out[folder + "/" + name] = bytes;
}

}  // namespace

const std::vector<MadeUpPatchset>& made_up_patchsets() {
  static const std::vector<MadeUpPatchset> all = {
      {"16012017_1", "kernel", {{kFirst, {{1, patch("1/1")}}}}, {{kFirst, {{"latest.v1", "1\n"}}}}},
      {"K04082020_1",
       "kernel",
       {{kFirst, {{1, patch("1/1")}, {2, patch("1/2")}}}, {kSecond, {{1, patch("2/1")}}}},
       {{kFirst, {{"latest.v1", "2\n"}}}}},
      {"K16092020_9",
       "kernel",
       {{kFirst, {{2, {{"kpatch.bin", "1/2 again"}, {"more", "x"}}}}}},
       {{kFirst, {{"latest.v1", "2"}, {"latest.v2", "{\"level\": 2}"}, {"version", "yes"}}}}},
      {"K16092020_10", "kernel", {{kSecond, {{2, patch("2/2")}, {10, patch("2/10")}}}}, {}},
      {"U20210129_02", "user", {{kLibrary, {{2021012902, patch("4/a")}}}}, {{kLibrary, {{"latest", "2021012902", true}}}}},
      {"U20210818_01-qemu", "qemu", {{kLibrary, {{2021012902, patch("4/a of qemu")}, {2021081801, patch("4/b")}}}}, {}},
      {"U20220101_01",
       "user",
       {{kLibrary, {{2021081801, patch("4/b")}}}, {kLikeAKernel, {{2, patch("5/2")}, {5, patch("5/5")}}}},
       {{kLikeAKernel, {{"latest", "5", true}}}}},
      {"K20251112_06",
       "kernel",
       {{kFirst, {{3, patch("1/3")}}}, {kSecond, {{1, patch("2/1 again")}}}, {kThird, {{7, patch("3/7")}}}},
       {{kThird, {{"version", "7"}}}}},
      {"K20251112_07", "kernel", {{kThird, {{6, patch("3/6")}, {7, patch("3/7 again")}}}, {kFirst, {{2, patch("1/2")}}}}, {}},
  };
  return all;
}

bool FeedsModel::is_of_product(std::size_t patchset, std::size_t of) const {
  return made_up_patchsets()[patchset].product == made_up_patchsets()[of].product;
}

bool FeedsModel::is(const Feed& feed, std::size_t patchset, State state) const {
  const auto found = feed.states.find(patchset);
  return found == feed.states.end() ? false : found->second == state;
}

void FeedsModel::decide(Feed& feed, std::size_t patchset, State state) {
  if (state == State::enabled && withdrawn.count(patchset) != 0) state = State::disabled;
  if (feed.states.count(patchset) != 0 && feed.states.at(patchset) == state) return;
  feed.states[patchset] = state;
  feed.rolled_out.erase(patchset);
  ++feed.changes;
}

void FeedsModel::add(const std::string& name) {
  Feed fresh;
  for (const std::size_t p : here) {
    if (withdrawn.count(p) != 0) continue;
    bool is_out = true, by_rollback = false;
    for (const auto& [other, feed] : feeds) {
      is_out &= is(feed, p, State::disabled);
      by_rollback |= feed.rolled_out.count(p) != 0;
    }
    if (!is_out) continue;
    decide(fresh, p, State::disabled);
    if (by_rollback) fresh.rolled_out[p] = std::nullopt;
  }
  feeds[name] = fresh;
}

void FeedsModel::deploy(const std::vector<std::string>& into, const std::vector<std::size_t>& patchsets, bool enable) {
  for (const std::size_t p : patchsets) {
    const bool is_new = here.insert(p).second;
    for (const auto& name : into) {
      Feed& feed = feeds.at(name);
      const bool is_out = feed.states.count(p) == 0 || is(feed, p, State::undeployed);
      if (is_new || (is_out && withdrawn.count(p) == 0)) decide(feed, p, enable ? State::enabled : State::disabled);
    }
  }
}

bool FeedsModel::enable(const std::vector<std::string>& in, const std::vector<std::size_t>& patchsets) {
  for (const std::size_t p : patchsets)
    if (withdrawn.count(p) != 0) return false;
  for (const auto& name : in)
    for (const std::size_t p : patchsets) decide(feeds.at(name), p, State::enabled);
  return true;
}

void FeedsModel::disable(const std::vector<std::string>& in, const std::vector<std::size_t>& patchsets) {
  for (const auto& name : in)
    for (const std::size_t p : patchsets)
      if (withdrawn.count(p) == 0) {
        Feed& feed = feeds.at(name);
        if (feed.rolled_out.erase(p) != 0) ++feed.changes;  // now it is a person's word
        decide(feed, p, State::disabled);
      }
}

void FeedsModel::enable_upto(const std::vector<std::string>& in, std::size_t patchset) {
  for (const auto& name : in)
    for (const std::size_t p : here)
      if (p <= patchset && is_of_product(p, patchset) && withdrawn.count(p) == 0 && !is(feeds.at(name), p, State::disabled))
        decide(feeds.at(name), p, State::enabled);
}

void FeedsModel::undeploy_downto(const std::vector<std::string>& in, std::size_t patchset) {
  for (const auto& name : in)
    for (const std::size_t p : here)
      if (p >= patchset && is_of_product(p, patchset) && withdrawn.count(p) == 0 && !is(feeds.at(name), p, State::disabled))
        decide(feeds.at(name), p, State::undeployed);
}

void FeedsModel::update(const std::string& feed) {
  for (const std::size_t p : here)
    if (withdrawn.count(p) == 0 && feeds.at(feed).states.count(p) == 0) decide(feeds.at(feed), p, State::enabled);
}

void FeedsModel::copy(const std::string& from, const std::string& to) {
  for (const auto& [p, state] : feeds.at(from).states) {
    if (withdrawn.count(p) != 0) continue;
    Feed& feed = feeds.at(to);
    if (feeds.at(from).rolled_out.count(p) == 0 && feed.rolled_out.erase(p) != 0) ++feed.changes;  // now it is a person's word
    decide(feed, p, state);
  }
}

void FeedsModel::withdraw(std::size_t patchset) {
  if (!withdrawn.insert(patchset).second) return;
  for (auto& [name, feed] : feeds) {
    if (feed.states.count(patchset) == 0) continue;
    feed.states[patchset] = State::disabled;
    feed.rolled_out.erase(patchset);
    ++feed.changes;
  }
}

void FeedsModel::roll_out(std::size_t patchset) {
  if (here.count(patchset) == 0) return;
  for (auto& [name, feed] : feeds) {
    if (is(feed, patchset, State::disabled)) continue;
    std::optional<State> was;
    if (feed.states.count(patchset) != 0) was = feed.states.at(patchset);
    decide(feed, patchset, State::disabled);
    feed.rolled_out[patchset] = was;
  }
}

void FeedsModel::roll_in(std::size_t patchset) {
  if (withdrawn.count(patchset) != 0) return;
  for (auto& [name, feed] : feeds) {
    const auto found = feed.rolled_out.find(patchset);
    if (found == feed.rolled_out.end()) continue;
    const auto was = found->second;
    decide(feed, patchset, was.value_or(State::undeployed));
    if (!was) feed.states.erase(patchset);  // as if nothing had happened: automatic updates may take it
  }
}

std::optional<std::uint64_t> FeedsModel::before_last_change(const std::string& name) const {
  const Feed& feed = feeds.at(name);
  const auto seen = [](const std::map<std::size_t, State>& states, std::size_t p) {
    const auto found = states.find(p);
    return found == states.end() ? State::undeployed : found->second;
  };
  for (auto one = feed.changes_at.rbegin(); one != feed.changes_at.rend(); ++one) {
    const auto& then = feed.generations.at(one->first).states;
    for (const std::size_t p : here)
      if (withdrawn.count(p) == 0 && !is(feed, p, State::disabled) && seen(then, p) != seen(feed.states, p)) return one->first;
  }
  return std::nullopt;
}

void FeedsModel::roll_back(const std::string& name, std::uint64_t generation) {
  Feed& feed = feeds.at(name);
  const auto then = feed.generations.at(generation).states;
  for (const std::size_t p : here) {
    if (withdrawn.count(p) != 0 || is(feed, p, State::disabled)) continue;
    const auto was = then.find(p);
    if (was != then.end())
      decide(feed, p, was->second);
    else if (feed.states.count(p) != 0)
      decide(feed, p, State::undeployed);
  }
}

bool FeedsModel::is_behind(const std::string& name) const {
  const Feed& feed = feeds.at(name);
  return feed.current == 0 || feed.changes_at.count(feed.current) == 0 || feed.changes_at.at(feed.current) != feed.changes;
}

void FeedsModel::publish(const std::string& name, std::uint64_t number, std::uint64_t time) {
  Feed& feed = feeds.at(name);
  const auto before = std::exchange(feed.enabled, {});
  std::map<std::string, std::pair<std::uint64_t, std::size_t>> highest;  // served folder → level, patchset
  for (const auto& [p, state] : feed.states) {                           // oldest first: the newest has the last word
    if (state != State::enabled || withdrawn.count(p) != 0) continue;
    for (const auto& [served, levels] : made_up_patchsets()[p].levels) {
      for (const auto& [level, files] : levels) {
        feed.enabled[{served, level}] = {p, files};
        if (highest.count(served) == 0 || level >= highest[served].first) highest[served] = {level, p};
      }
    }
  }
  for (const auto& [place, level] : before)
    if (feed.enabled.count(place) == 0) feed.lingering[place] = {level, number, time};
  std::erase_if(feed.lingering, [&](const auto& one) {
    const auto& [place, what] = one;
    // `since` is the first generation without it, so the last one with it is the one before.
    const bool is_over = number >= what.since - 1 + kKept && time >= what.at + kSeconds;
    return feed.enabled.count(place) != 0 || withdrawn.count(what.level.patchset) != 0 || is_over;
  });

  Files shown;
  for (const auto& [place, level] : feed.enabled) put_level(shown, place.first + "/" + std::to_string(place.second), level.files);
  for (const auto& [place, what] : feed.lingering)
    put_level(shown, place.first + "/" + std::to_string(place.second), what.level.files);
  for (const auto& [served, which] : highest) {
    const auto& own = made_up_patchsets()[which.second].pointers;
    auto pointers = own.count(served) != 0 ? own.at(served) : std::vector<MadeUpPointer>{};
    if (std::none_of(pointers.begin(), pointers.end(), [](const auto& x) { return x.name.starts_with("latest"); }))
      pointers.push_back(own_pointer(served, which.first));
    for (const auto& pointer : pointers) {
      if (!pointer.is_link)
        shown[served + "/" + pointer.name] = pointer.text;
      else  // seen through the link
        put_level(shown, served + "/" + pointer.name, feed.enabled.at({served, std::stoull(pointer.text)}).files);
    }
  }
  feed.current = number;
  feed.changes_at[number] = feed.changes;
  feed.generations[number] = {number, feed.states, shown};
}

}  // namespace patchferry::test
