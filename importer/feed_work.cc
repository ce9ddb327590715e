// SPDX-License-Identifier: Apache-2.0
#include "importer/feed_work.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "importer/catalogue.h"
#include "importer/cleaned.h"
#include "importer/commit.h"
#include "importer/trees.h"
#include "importer/work_folder.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/rel_path.h"

namespace patchferry::importer {

namespace {

/// Adds what is to move in one feed.
void add(Site& site, Change& change, FeedReport& report, const Feed& feed, std::vector<FeedMove> moves) {
  std::erase_if(moves, [&](const FeedMove& move) { return !is_news(site, feed, move.patchset, move.to, change.what); });
  if (moves.empty()) return;
  change.detail += (change.detail.empty() ? "" : "; ") + feed.name + ":";
  for (const auto& move : moves) {
    change.states.push_back({feed, move.patchset, move.to});
    change.detail += " " + move.name;
    report.moves.push_back({feed.name, move});
  }
}

/// Of what cannot be unpacked, nothing comes about.
void leave_out(const KnownPatchset& p, Refusal why, Change& change, FeedReport& report) {
  const std::string& name = p.name.patchset.text;
  std::erase_if(change.states, [&](const StateChange& one) { return one.patchset == p.id; });
  std::erase_if(report.moves, [&](const FeedReport::Move& one) { return one.what.patchset == p.id; });
  change.detail += "; not " + name + ", which cannot be unpacked";
  report.stale.push_back({name, why.kind, "cannot unpack " + name + ", so no feed takes it: " + why.text, std::move(why.hint)});
}

enum class OnRefusal { stop, go_on };

/// Makes it so. What is to be enabled and was only stored, or has lost its tree, is unpacked first. The first that cannot be is refused,
/// and nothing changes; or, with `go_on`, it is left out.
Result<void> carry_out(Site& site, Change& change, FeedReport& report, OnRefusal on_refusal = OnRefusal::stop) {
  change.counts_patchsets = false;
  std::set<std::int64_t> wanted;
  for (const auto& one : change.states)
    if (one.state == FeedState::enabled) wanted.insert(one.patchset);
  std::vector<KnownPatchset> stored;
  for (auto& p : patchsets(site))
    if (wanted.count(p.id) != 0 && !has_tree(site, p)) stored.push_back(std::move(p));
  std::optional<WorkFolder> folder;
  if (!stored.empty()) {
    folder.emplace(site, "feeds");
    change.work = folder->path();
    auto made = lay_out_stored(site, stored, change.work);
    if (!made && on_refusal == OnRefusal::stop) return tl::unexpected(std::move(made.error()));
    if (made) {
      change.laid_out = std::move(*made);
    } else {  // one by one, to see which
      folder.reset();
      folder.emplace(site, "feeds");
      for (const auto& p : stored) {
        auto one = lay_out_stored(site, {p}, change.work);
        if (one)
          std::move(one->begin(), one->end(), std::back_inserter(change.laid_out));
        else
          leave_out(p, std::move(one.error()), change, report);
      }
    }
  }
  if (!change.states.empty())
    for (auto& failure : commit(site, change)) report.stale.push_back(std::move(failure));
  report.published = publish_changed(site);
  return {};
}

Refusal is_withdrawn(const std::string& name) {
  return {RefusalKind::withdrawn, "the vendor has withdrawn " + name + ", so no feed takes it",
          "a newer release takes its place; nothing has been changed"};
}

}  // namespace

bool is_idle(const FeedReport& report) {
  return std::all_of(report.moves.begin(), report.moves.end(), [](const auto& move) { return move.what.from == move.what.to; });
}

KnownPatchset find_named(Site& site, const std::string& name) {
  auto known = find_patchset(site, name);
  if (!known)
    if (const auto archive = parse_archive_name(name)) known = find_patchset(site, archive->patchset.text);
  if (known) return *known;
  if (!parse_patchset_name(name) && !parse_archive_name(name))
    throw UsageError("'" + printable(name) + "' is no name of a patchset",
                     name.find('/') == std::string::npos ? "they look like K20260105_01 or U20260105_01"
                                                         : "it takes names; 'patchferry deploy' takes files of archives");
  throw UsageError("patchset " + name + " is not here", "'patchferry list' names those that are; nothing has been changed");
}

Result<FeedReport> change_feeds(Site& site, const std::vector<Feed>& feeds, FeedAction action,
                                const std::vector<std::string>& names) {
  std::vector<KnownPatchset> named;
  for (const auto& name : names) {
    KnownPatchset one = find_named(site, name);
    if (std::none_of(named.begin(), named.end(), [&](const auto& other) { return other.id == one.id; }))
      named.push_back(std::move(one));
  }
  std::sort(named.begin(), named.end(), [](const auto& a, const auto& b) { return a.name.patchset < b.name.patchset; });
  if (named.size() != 1 && (action == FeedAction::enable_upto || action == FeedAction::undeploy_downto))
    throw UsageError(std::string(word_for(action)) + " takes the name of one patchset", "run it once for each product");
  const auto all = patchsets(site);
  Change change;
  change.what = word_for(action);
  FeedReport report;
  for (const auto& feed : feeds) {
    std::vector<FeedMove> moves;
    for (const auto& one : named) {
      const FeedDecision decision = decide(all, feed.name, action, one);
      for (const auto& name : decision.withdrawn) {
        if (action == FeedAction::enable) return tl::unexpected(is_withdrawn(name));
        report.kept.push_back({feed.name, name, FeedState::withdrawn});
      }
      for (const auto& name : decision.kept) report.kept.push_back({feed.name, name, FeedState::disabled});
      moves.insert(moves.end(), decision.moves.begin(), decision.moves.end());
    }
    add(site, change, report, feed, moves);
  }
  if (auto done = carry_out(site, change, report); !done) return tl::unexpected(std::move(done.error()));
  return report;
}

Result<FeedReport> update_feeds(Site& site, const std::vector<Feed>& feeds, const std::string& product, const std::string& what) {
  const auto all = patchsets(site);
  std::vector<std::int64_t> asked;
  for (const auto& p : all)
    if (product.empty() || p.name.patchset.product == product) asked.push_back(p.id);
  auto judged = judge_known(site, feeds, asked);
  Change change;
  change.what = what;
  FeedReport report;
  for (const auto& feed : feeds) {
    const auto decided = states_in(site, feed);
    for (const auto& p : all) {
      if (!product.empty() && p.name.patchset.product != product) continue;
      const FeedState state = p.feeds.at(feed.name);
      if (state != FeedState::enabled && (p.withdrawn || decided.count(p.id) != 0))
        report.kept.push_back({feed.name, p.name.patchset.text, state});
    }
    std::vector<FeedMove> moves;
    for (auto& one : judged) {
      if (one.feed.id != feed.id) continue;
      if (one.verdict.takes())
        moves.push_back({one.patchset, one.name, FeedState::undeployed, FeedState::enabled});
      else
        report.waiting.push_back(std::move(one));
    }
    add(site, change, report, feed, moves);
  }
  if (auto done = carry_out(site, change, report, OnRefusal::go_on); !done) return tl::unexpected(std::move(done.error()));
  return report;
}

Result<FeedReport> move_in_feed(Site& site, const Feed& feed, std::vector<FeedMove> moves, const std::string& what,
                                bool only_plan, FeedReport report) {
  Change change;
  change.what = what;
  add(site, change, report, feed, std::move(moves));
  if (only_plan) return report;
  if (auto done = carry_out(site, change, report); !done) return tl::unexpected(std::move(done.error()));
  return report;
}

Result<FeedReport> copy_states(Site& site, const Feed& model, const Feed& feed) {
  std::vector<FeedMove> moves;
  const auto decided = states_in(site, model);
  for (const auto& p : patchsets(site)) {
    const auto there = decided.find(p.id);
    if (there == decided.end() || p.withdrawn) continue;
    // A rollback of the site that is taken back frees the copy as well.
    const FeedState here = p.feeds.at(feed.name);
    if (here == there->second && here == FeedState::disabled && is_rolled_back(site, model, p.id)) continue;
    moves.push_back({p.id, p.name.patchset.text, here, there->second});
  }
  return move_in_feed(site, feed, std::move(moves), "feed add", false);
}

FeedReport roll_back_feed(Site& site, const Feed& feed, std::optional<std::uint64_t>& to) {
  const auto all = generations_of(site, feed);
  const GenerationRecord* chosen = nullptr;
  WayBack way;
  for (auto one = all.rbegin(); one != all.rend() && chosen == nullptr; ++one) {
    if (to && one->number != *to) continue;
    way = way_back(site, feed, one->revision);
    // Without a number: one that shows something else.
    if (to || !way.moves.empty()) chosen = &*one;
  }
  if (chosen == nullptr)
    throw UsageError(to ? "feed " + feed.name + " has no generation " + std::to_string(*to)
                        : "feed " + feed.name + " has shown nothing else that it could go back to",
                     "'patchferry feed list' tells its generations");
  to = chosen->number;
  Change change;
  change.what = "feed rollback";
  FeedReport report;
  add(site, change, report, feed, way.moves);
  for (const auto& one : way.kept) report.kept.push_back({feed.name, one.name, one.from});
  for (const auto& name : cleaned_since(site, feed, chosen->revision))
    report.not_put_back.push_back({feed.name, name, FeedState::undeployed});
  change.detail = "to generation " + std::to_string(chosen->number) + (change.detail.empty() ? "" : ", " + change.detail);
  // What was enabled then has a tree, so there is nothing to unpack that could fail.
  if (const auto done = carry_out(site, change, report); !done) throw SystemFailure("cannot roll back: " + done.error().text, 0);
  return report;
}

}  // namespace patchferry::importer
