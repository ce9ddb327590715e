// SPDX-License-Identifier: Apache-2.0
#include "importer/rule_work.h"

#include <algorithm>
#include <map>
#include <set>

#include "importer/feed_rules.h"
#include "system/calendar.h"

namespace patchferry::importer {

namespace {

/// Since when each patchset has been enabled in a feed, by row id; 0: not written down.
std::map<std::int64_t, std::uint64_t> enabled_since(Site& site, const Feed& feed) {
  std::map<std::int64_t, std::uint64_t> out;
  Query all(
      site.db(),
      "SELECT feed_state.patchset, coalesce((SELECT at FROM feed_change WHERE feed_change.feed=?1 AND "
      "feed_change.patchset=feed_state.patchset ORDER BY feed_change.revision DESC LIMIT 1), 0) FROM feed_state JOIN patchset ON "
      "patchset.id=feed_state.patchset WHERE feed=?1 AND state='enabled' AND withdrawn=0");
  all.bind(feed.id);
  while (all.step()) out[all.integer(0)] = all.number(1);
  return out;
}

/// How many feeds one follows, directly and beyond; a followed feed comes first by that.
std::size_t depth_of(Site& site, const Feed& feed) {
  std::size_t depth = 0;
  const std::size_t most = feeds(site).size();  // there is no circle (feed_rules.h)
  for (std::string next = rules_of(site, feed).follow; !next.empty() && depth < most; ++depth)
    next = rules_of(site, find_feed(site, next)).follow;
  return depth;
}

/// One run over feeds.
class Judge {
 public:
  Judge(Site& site, const std::vector<Offered>& all, const std::vector<Feed>& by_hand)
      : site_(site), all_(all), now_(now()), zone_(machine_zone()) {
    for (const auto& feed : by_hand)
      for (const auto& one : all) taken_[feed.name].insert(one.what.name.text);
  }

  std::vector<Judged> look_at(const Feed& feed) {
    const Rules rules = rules_of(site_, feed);
    const auto decided = states_in(site_, feed);
    const auto words = words_in(site_, feed);
    std::map<std::int64_t, std::uint64_t> followed;
    std::map<std::int64_t, FeedState> there;
    if (!rules.follow.empty()) {
      followed = enabled_since(site_, find_feed(site_, rules.follow));
      there = states_in(site_, find_feed(site_, rules.follow));
    }
    const auto& just_taken = taken_[rules.follow];
    std::vector<Judged> out;
    for (const auto& one : all_) {
      if (one.id != 0 && decided.count(one.id) != 0) continue;
      Waiting what = one.what;
      if (const auto word = words.find(what.name.text); word != words.end())
        (word->second.word == Word::approved ? what.approved : what.rejected) = true;
      const auto state = there.find(one.id);
      what.is_out_of_followed = state != there.end() && state->second != FeedState::enabled;
      if (const auto since = followed.find(one.id); since != followed.end()) {
        what.is_in_followed = true;
        what.followed_since = since->second;
      } else if (just_taken.count(what.name.text) != 0) {
        what.is_in_followed = true;
        what.followed_since = now_;
      }
      Judged judged{feed, one.id, what.name.text, judge(rules, what, now_, zone_), {}};
      judged.text = sentence(judged.verdict, rules, what, zone_);
      if (judged.verdict.takes()) taken_[feed.name].insert(judged.name);
      out.push_back(std::move(judged));
    }
    return out;
  }

 private:
  Site& site_;
  const std::vector<Offered>& all_;
  std::uint64_t now_;
  Zone zone_;
  std::map<std::string, std::set<std::string>> taken_;  // by feed: names
};

}  // namespace

Offered offered(const KnownPatchset& patchset) {
  Offered out;
  out.id = patchset.id;
  out.what.name = patchset.name.patchset;
  out.what.arrived = patchset.arrived;
  out.what.cvss_tenths = patchset.cvss_tenths;
  out.what.channel = patchset.channel;
  return out;
}

std::vector<Judged> judge_offered(Site& site, const std::vector<Feed>& feeds, const std::vector<Offered>& all,
                                  const std::vector<Feed>& by_hand) {
  std::vector<std::pair<std::size_t, std::size_t>> order;  // depth, place
  for (std::size_t i = 0; i < feeds.size(); ++i) order.emplace_back(depth_of(site, feeds[i]), i);
  std::sort(order.begin(), order.end());
  Judge judge(site, all, by_hand);
  std::vector<std::vector<Judged>> by_place(feeds.size());
  for (const auto& [depth, place] : order) by_place[place] = judge.look_at(feeds[place]);
  std::vector<Judged> out;
  for (auto& one : by_place) std::move(one.begin(), one.end(), std::back_inserter(out));
  return out;
}

std::vector<Judged> judge_known(Site& site, const std::vector<Feed>& feeds, const std::vector<std::int64_t>& ids) {
  if (feeds.empty() || ids.empty()) return {};
  const std::set<std::int64_t> wanted(ids.begin(), ids.end());
  std::vector<Offered> all;
  for (const auto& p : patchsets(site))
    if (wanted.count(p.id) != 0 && !p.withdrawn) all.push_back(offered(p));
  return judge_offered(site, feeds, all);
}

}  // namespace patchferry::importer
