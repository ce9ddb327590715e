// SPDX-License-Identifier: Apache-2.0
#include "importer/feed_states.h"

#include <algorithm>

#include "importer/catalogue.h"
#include "importer/feeds.h"
#include "system/calendar.h"

namespace patchferry::importer {

namespace {

constexpr const char* kStateWords[] = {"undeployed", "enabled", "disabled", "withdrawn"};        // by FeedState
constexpr const char* kActionWords[] = {"enable", "disable", "enable-upto", "undeploy-downto"};  // by FeedAction
constexpr const char* kRollback = "rollback";
constexpr const char* kWithdrawal = "withdrawal";
constexpr const char* kContents = "contents";

FeedState state_from(const std::string& word) {
  const auto found = std::find(std::begin(kStateWords), std::end(kStateWords), word);
  return static_cast<FeedState>(found - std::begin(kStateWords));  // the schema lets no other word in
}

std::optional<std::string> row_of(Site& site, std::int64_t feed, std::int64_t patchset) {
  Query row(site.db(), "SELECT state FROM feed_state WHERE feed=?1 AND patchset=?2");
  if (!row.bind(feed, patchset).step()) return std::nullopt;
  return row.text(0);
}

bool is_withdrawn(Site& site, std::int64_t patchset) {
  return Query(site.db(), "SELECT 1 FROM patchset WHERE id=?1 AND withdrawn=1").bind(patchset).step();
}

/// The command that has changed its state last; "" if none is known.
std::string why_of(Site& site, const Feed& feed, std::int64_t patchset) {
  Query last(site.db(), "SELECT why FROM feed_change WHERE feed=?1 AND patchset=?2 ORDER BY revision DESC LIMIT 1");
  return last.bind(feed.id, patchset).step() ? last.text(0) : "";
}

/// The feed is to be published anew.
void write_change(Site& site, const Feed& feed, std::int64_t patchset, const std::optional<std::string>& was,
                  const std::string& why) {
  Query(site.db(), "UPDATE feed SET revision=revision+1 WHERE id=?1").bind(feed.id).run();
  Query(
      site.db(),
      "INSERT INTO feed_change(feed, revision, patchset, was, why, at) SELECT id, revision, ?2, ?3, ?4, ?5 FROM feed WHERE id=?1")
      .bind(feed.id, patchset, was, why, now())
      .run();
}

struct RolledBack {
  Feed feed;
  std::optional<FeedState> was;  // before that; none: nobody had decided
};

/// Feeds in which a rollback has disabled it and nobody has decided since. Before changes were written down, nothing else
/// disabled, and only what was enabled.
std::vector<RolledBack> rolled_back(Site& site, std::int64_t patchset) {
  std::vector<RolledBack> out;
  for (const auto& feed : feeds(site)) {
    if (state_in(site, feed, patchset) != FeedState::disabled) continue;
    Query last(site.db(), "SELECT why, was FROM feed_change WHERE feed=?1 AND patchset=?2 ORDER BY revision DESC LIMIT 1");
    if (!last.bind(feed.id, patchset).step())
      out.push_back({feed, FeedState::enabled});
    else if (last.text(0) == kRollback)
      out.push_back({feed, last.is_null(1) ? std::nullopt : std::optional(state_from(last.text(1)))});
  }
  return out;
}

}  // namespace

const char* word_for(FeedState state) { return kStateWords[static_cast<std::size_t>(state)]; }

const char* word_for(FeedAction action) { return kActionWords[static_cast<std::size_t>(action)]; }

std::map<std::int64_t, FeedState> states_in(Site& site, const Feed& feed) {
  std::map<std::int64_t, FeedState> out;
  Query rows(site.db(), "SELECT patchset, state FROM feed_state WHERE feed=?1");
  rows.bind(feed.id);
  while (rows.step()) out[rows.integer(0)] = state_from(rows.text(1));
  return out;
}

FeedState state_in(Site& site, const Feed& feed, std::int64_t patchset) {
  const auto row = row_of(site, feed.id, patchset);
  return row ? state_from(*row) : FeedState::undeployed;
}

bool is_decided(Site& site, const Feed& feed, std::int64_t patchset) { return row_of(site, feed.id, patchset).has_value(); }

bool is_rolled_back(Site& site, const Feed& feed, std::int64_t patchset) {
  return state_in(site, feed, patchset) == FeedState::disabled && why_of(site, feed, patchset) == kRollback;
}

bool is_news(Site& site, const Feed& feed, std::int64_t patchset, FeedState state, const std::string& why) {
  const auto was = row_of(site, feed.id, patchset);
  if (!was || *was != word_for(state) || why == kWithdrawal) return true;
  // What a rollback has disabled, it would enable again; a person's word keeps it from that.
  return state == FeedState::disabled && why != kRollback && why_of(site, feed, patchset) == kRollback;
}

bool set_state(Site& site, const Feed& feed, std::int64_t patchset, FeedState state, const std::string& why) {
  if (state == FeedState::withdrawn || (state == FeedState::enabled && is_withdrawn(site, patchset))) state = FeedState::disabled;
  const auto was = row_of(site, feed.id, patchset);
  if (!is_news(site, feed, patchset, state, why)) return false;
  write_change(site, feed, patchset, was, why);
  Query(site.db(), "INSERT OR REPLACE INTO feed_state VALUES(?1,?2,?3)").bind(feed.id, patchset, word_for(state)).run();
  return true;
}

FeedDecision decide(const std::vector<KnownPatchset>& all, const std::string& feed, FeedAction action,
                    const KnownPatchset& named) {
  FeedDecision out;
  const PatchsetName& bound = named.name.patchset;
  for (const auto& p : all) {
    const PatchsetName& name = p.name.patchset;
    if (name.product != bound.product) continue;
    const bool is_meant = action == FeedAction::enable_upto       ? name <= bound
                          : action == FeedAction::undeploy_downto ? name >= bound
                                                                  : name == bound;
    if (!is_meant) continue;
    const FeedState from = p.feeds.at(feed);
    if (from == FeedState::withdrawn) {
      out.withdrawn.push_back(name.text);
      continue;
    }
    const FeedState to = action == FeedAction::disable           ? FeedState::disabled
                         : action == FeedAction::undeploy_downto ? FeedState::undeployed
                                                                 : FeedState::enabled;
    const bool in_bulk = action == FeedAction::enable_upto || action == FeedAction::undeploy_downto;
    if (in_bulk && from == FeedState::disabled)
      out.kept.push_back(name.text);
    else if (from != to || to != FeedState::enabled)
      out.moves.push_back({p.id, name.text, from, to});
  }
  return out;
}

void begin_states(Site& site, const Feed& feed) {
  Query all(
      site.db(),
      "SELECT feed_state.patchset FROM feed_state JOIN patchset ON patchset.id=feed_state.patchset WHERE feed<>?1 AND "
      "state='disabled' AND withdrawn=0 GROUP BY feed_state.patchset HAVING count(*)=(SELECT count(*) FROM feed WHERE id<>?1) "
      "ORDER BY release_key");
  std::vector<std::int64_t> disabled;
  all.bind(feed.id);
  while (all.step()) disabled.push_back(all.integer(0));
  for (const auto patchset : disabled) {
    const auto others = rolled_back(site, patchset);
    set_state(site, feed, patchset, FeedState::disabled, others.empty() ? "feed add" : kRollback);
  }
}

WayBack way_back(Site& site, const Feed& feed, std::uint64_t revision) {
  WayBack out;
  // min() lets the other columns be those of that row.
  Query changes(site.db(),
                "SELECT min(feed_change.revision), feed_change.patchset, was, name, withdrawn FROM feed_change JOIN patchset ON "
                "patchset.id=feed_change.patchset WHERE feed=?1 AND feed_change.revision>?2 "
                "GROUP BY feed_change.patchset ORDER BY release_key");
  changes.bind(feed.id, revision);
  while (changes.step()) {
    const bool is_withdrawn = changes.integer(4) != 0;
    const FeedState to = changes.is_null(2) ? FeedState::undeployed : state_from(changes.text(2));
    const FeedState from = is_withdrawn ? FeedState::withdrawn : state_in(site, feed, changes.integer(1));
    if (from == to || (is_withdrawn && to != FeedState::enabled)) continue;
    // What somebody has disabled, nothing but `enable` puts in again.
    const bool stays = is_withdrawn || from == FeedState::disabled;
    (stays ? out.kept : out.moves).push_back({changes.integer(1), changes.text(3), from, to});
  }
  return out;
}

void note_other_contents(Site& site, std::int64_t patchset) {
  for (const auto& feed : feeds(site))
    if (state_in(site, feed, patchset) == FeedState::enabled)
      write_change(site, feed, patchset, word_for(FeedState::enabled), kContents);
}

void take_out_withdrawn(Site& site, std::int64_t patchset) {
  for (const auto& feed : feeds(site))
    if (is_decided(site, feed, patchset)) set_state(site, feed, patchset, FeedState::disabled, kWithdrawal);
}

void roll_out(Site& site, const std::string& name) {
  const auto known = find_patchset(site, name);
  if (!known) return;
  for (const auto& feed : feeds(site)) set_state(site, feed, known->id, FeedState::disabled, kRollback);
}

void roll_in(Site& site, const std::string& name) {
  const auto known = find_patchset(site, name);
  if (!known || known->withdrawn) return;
  for (const auto& [feed, was] : rolled_back(site, known->id)) {
    set_state(site, feed, known->id, was.value_or(FeedState::undeployed), kRollback);
    if (!was)  // automatic updates may take it, as before
      Query(site.db(), "DELETE FROM feed_state WHERE feed=?1 AND patchset=?2").bind(feed.id, known->id).run();
  }
}

std::vector<std::int64_t> would_enable_in(Site& site, std::int64_t patchset) {
  std::vector<std::int64_t> out;
  for (const auto& one : rolled_back(site, patchset))
    if (one.was == FeedState::enabled) out.push_back(one.feed.id);
  return out;
}

RollIn would_roll_in(Site& site, std::int64_t patchset) {
  const auto all = rolled_back(site, patchset);
  const bool enables = std::any_of(all.begin(), all.end(), [](const RolledBack& one) { return one.was == FeedState::enabled; });
  return enables ? RollIn::enables : all.empty() ? RollIn::nothing : RollIn::frees;
}

}  // namespace patchferry::importer
