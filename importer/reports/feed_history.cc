// SPDX-License-Identifier: Apache-2.0
#include "importer/reports/feed_history.h"

#include <algorithm>
#include <map>

#include "importer/feed_states.h"

namespace patchferry::importer {

namespace {

constexpr const char* kWithdrawal = "withdrawal";

struct Row {
  std::uint64_t revision = 0;
  HistoryChange change;
};

/// All changes after `revision`, newest first. What a change led to, the next one of the patchset tells, or its state now.
std::vector<Row> changes_after(Site& site, const Feed& feed, std::uint64_t revision) {
  const char* undecided = word_for(FeedState::undeployed);
  std::map<std::int64_t, std::string> now;
  for (const auto& [id, state] : states_in(site, feed)) now[id] = word_for(state);
  std::vector<Row> out;
  Query rows(site.db(),
             "SELECT feed_change.revision, patchset.id, patchset.name, was, why FROM feed_change JOIN patchset ON "
             "patchset.id=feed_change.patchset WHERE feed=?1 AND feed_change.revision>?2 ORDER BY feed_change.revision DESC");
  rows.bind(feed.id, revision);
  while (rows.step()) {
    std::string& to = now.emplace(rows.integer(1), undecided).first->second;
    const std::string was = rows.is_null(3) ? undecided : rows.text(3);
    Row row{rows.number(0), {rows.text(2), was, to, rows.text(4)}};
    if (row.change.by == kWithdrawal) row.change.to = word_for(FeedState::withdrawn);
    out.push_back(std::move(row));
    to = was;
  }
  return out;
}

}  // namespace

std::vector<HistoryEntry> history_of(Site& site, const Feed& feed, std::size_t limit) {
  const auto generations = generations_of(site, feed);
  const std::size_t first = limit == 0 || limit > generations.size() ? 0 : generations.size() - limit;
  const auto changes = changes_after(site, feed, first == 0 ? 0 : generations[first - 1].revision);
  std::vector<HistoryEntry> out;
  auto change = changes.begin();
  for (std::size_t i = generations.size(); i > first; --i) {
    const GenerationRecord& one = generations[i - 1];
    const std::uint64_t before = i > 1 ? generations[i - 2].revision : 0;
    out.push_back({one, {}});
    while (change != changes.end() && change->revision > one.revision) ++change;  // not published yet
    for (; change != changes.end() && change->revision > before; ++change) out.back().changes.push_back(change->change);
    std::reverse(out.back().changes.begin(), out.back().changes.end());
  }
  return out;
}

std::optional<GenerationRecord> shown_since(Site& site, const Feed& feed, std::int64_t patchset) {
  Query first(site.db(),
              "SELECT number, revision, at FROM generation WHERE feed=?1 AND revision>=(SELECT max(revision) FROM feed_change "
              "WHERE feed=?1 AND patchset=?2) ORDER BY number LIMIT 1");
  if (!first.bind(feed.id, patchset).step()) return std::nullopt;
  return GenerationRecord{first.number(0), first.number(1), first.number(2)};
}

}  // namespace patchferry::importer
