// SPDX-License-Identifier: Apache-2.0
#include "importer/adopt_states.h"

#include <algorithm>
#include <map>
#include <set>

#include "importer/catalogue.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

/// "FEED=FILE", where what stands before the first = can be a feed.
struct Given {
  std::string feed;  // "": a log
  std::string file;
};

Given given_by(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || !is_feed_name(text.substr(0, equals))) return {"", text};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

Result<std::vector<PortalState>> read_one(const Given& given) {
  if (!exists(given.file) || is_folder(given.file))
    throw UsageError("there is no file " + printable(given.file, 4096),
                     "--states takes FEED=FILE for an answer of the admin API, or the FILE of a log");
  const auto bytes = read_whole(given.file, kMaxStatesFile);
  if (!bytes) return refuse(RefusalKind::too_large, "it is too long", "cut a log into its last part");
  return given.feed.empty() ? states_in_log(as_text(*bytes)) : states_in_answer(as_text(*bytes), given.feed);
}

void set_quietly(Site& site, const Feed& feed, const std::vector<PortalState>& states,
                 const std::map<std::string, std::int64_t>& ids) {
  std::string names;
  Transaction transaction(site.db());
  for (const auto& one : states)
    if (set_state(site, feed, ids.at(one.patchset), one.state, "adopt")) names += " " + one.patchset + " " + word_for(one.state);
  if (!names.empty()) site.audit({.what = "adopt", .detail = "states in " + feed.name + ":" + names});
  transaction.commit();
}

void set_in_feed(Site& site, const Feed& feed, const std::vector<PortalState>& states, StatesReport& report) {
  std::map<std::string, std::int64_t> ids;
  std::vector<std::string> enabled;
  std::vector<PortalState> others;
  for (const auto& one : states) {
    const auto known = find_patchset(site, one.patchset);
    if (!known) {
      report.unknown.push_back(one.patchset);
      continue;
    }
    if (known->withdrawn) continue;
    ids[one.patchset] = known->id;
    if (one.state == FeedState::enabled)
      enabled.push_back(one.patchset);
    else
      others.push_back(one);
  }
  std::vector<PortalState> all = others;
  for (const auto& p : patchsets(site)) {
    const std::string& name = p.name.patchset.text;
    if (p.withdrawn || ids.count(name) != 0 || is_decided(site, feed, p.id)) continue;
    // The portal had it, and not in this feed: no rule is to take it.
    ids[name] = p.id;
    all.push_back({feed.name, name, FeedState::undeployed});
  }
  set_quietly(site, feed, all, ids);
  for (auto& one : others) report.set.push_back(std::move(one));
  if (enabled.empty()) return;
  auto done = change_feeds(site, {feed}, FeedAction::enable, enabled);
  if (!done) {
    report.refused.push_back(std::move(done.error()).in("feed " + feed.name));
    return;
  }
  for (auto& failure : done->stale) report.changes.stale.push_back(std::move(failure));
  for (auto& one : done->published) report.changes.published.push_back(std::move(one));
  for (const auto& name : enabled) report.set.push_back({feed.name, name, FeedState::enabled});
}

}  // namespace

Result<std::vector<PortalState>> read_states(const std::vector<std::string>& given) {
  std::map<std::pair<std::string, std::string>, FeedState> all;
  for (const auto& text : given) {
    const Given one = given_by(text);
    const auto states = read_one(one);
    if (!states) return tl::unexpected(Refusal(states.error()).in(printable(one.file, 4096)));
    for (const auto& state : *states) all[{state.feed, state.patchset}] = state.state;
  }
  std::vector<PortalState> out;
  for (const auto& [place, state] : all) out.push_back({place.first, place.second, state});
  return out;
}

StatesReport set_states(Site& site, const std::vector<PortalState>& states) {
  StatesReport report;
  std::map<std::string, std::vector<PortalState>> by_feed;
  for (const auto& one : states) by_feed[one.feed].push_back(one);
  if (!states.empty()) by_feed[kMainFeed];  // where the files name nothing in it, it had nothing
  for (const auto& [name, some] : by_feed) {
    const auto all = feeds(site);
    if (std::any_of(all.begin(), all.end(), [&name = name](const Feed& feed) { return feed.name == name; })) continue;
    add_feed(site, name, false);
    report.feeds.push_back(name);
  }
  for (const auto& [name, some] : by_feed) set_in_feed(site, find_feed(site, name), some, report);
  for (auto& one : publish_changed(site)) report.changes.published.push_back(std::move(one));
  std::sort(report.unknown.begin(), report.unknown.end());
  report.unknown.erase(std::unique(report.unknown.begin(), report.unknown.end()), report.unknown.end());
  return report;
}

}  // namespace patchferry::importer
