// SPDX-License-Identifier: Apache-2.0
#include "importer/reports/patchset_facts.h"

#include <algorithm>
#include <set>

#include "importer/audit.h"
#include "importer/audit_words.h"
#include "importer/holdings.h"
#include "importer/reports/coverage.h"
#include "importer/reports/feed_history.h"

namespace patchferry::importer {

namespace {

/// The first entry of the audit log that tells of it; later ones are about what was done with it.
PatchsetFacts::Arrival arrival_of(Site& site, const std::string& name) {
  const std::set<std::string> bringing = {"import", "rollback", "adopt", "deploy"};
  PatchsetFacts::Arrival out;
  read_log(site.db(), [&](const LogEntry& e) {
    if (out.by.empty() && bringing.count(e.what) != 0 && names_patchset(e.detail, name)) out = {e.what, e.who};
  });
  return out;
}

/// Releases of the product that came out before it and have not been withdrawn, by row id.
std::map<std::int64_t, std::string> earlier_than(const std::vector<KnownPatchset>& all, const KnownPatchset& p) {
  std::map<std::int64_t, std::string> out;
  for (const auto& other : all)
    if (other.name.patchset.product == p.name.patchset.product && other.name.patchset < p.name.patchset && !other.withdrawn)
      out[other.id] = other.name.patchset.text;
  return out;
}

/// The highest level of an ident in these; of equal ones, any.
std::optional<Served> best_of(Query& levels, const std::string& ident, const std::map<std::int64_t, std::string>& earlier) {
  levels.bind(ident);
  while (levels.step())
    if (const auto found = earlier.find(levels.integer(1)); found != earlier.end())
      return Served{found->second, levels.number(0), levels.array<32>(2), !levels.text(3).empty()};
  return std::nullopt;
}

}  // namespace

PatchsetFacts facts_of(Site& site, const KnownPatchset& p) {
  const std::string& name = p.name.patchset.text;
  const auto all = patchsets(site);
  const auto earlier = earlier_than(all, p);
  Holdings holdings(site);
  PatchsetFacts out;
  out.patchset = p;
  out.archive = archive_word(site, holdings, p);
  out.arrival = arrival_of(site, name);
  for (const auto& other : all)
    if (earlier.count(other.id) != 0) out.before = other.name.patchset.text;

  const ReadInfo read = info_reader(site);
  std::vector<LevelChange> changes;  // of each ident, the highest level
  Query levels(site.db(), "SELECT ident, level, kernel, digest FROM level WHERE patchset=?1 ORDER BY ident, level");
  Query others(site.db(), "SELECT level, patchset, digest, kernel FROM level WHERE ident=?1 ORDER BY level DESC, patchset");
  levels.bind(p.id);
  while (levels.step()) {
    out.levels.push_back({levels.text(0), levels.text(2), levels.number(1)});
    const auto& one = out.levels.back();
    LevelChange change{one.ident, one.kernel.empty() ? one.ident : one.kernel, std::nullopt,
                       Served{name, one.level, levels.array<32>(3), !one.kernel.empty()}, false};
    if (const auto info = read(change, *change.to)) {
      for (const auto& fix : info->fixes) {
        auto& closed = out.closes[fix.cve];
        closed.cvss_tenths = std::max(closed.cvss_tenths, fix.cvss_tenths);
        ++closed.levels;
      }
    } else {
      ++out.unread;
    }
    if (!changes.empty() && changes.back().ident == one.ident) changes.pop_back();
    changes.push_back(std::move(change));
  }
  for (auto& change : changes) change.from = best_of(others, change.ident, earlier);
  out.outdated = std::erase_if(changes, [](const LevelChange& one) { return turn_of(one) == Turn::lowered; });
  out.change = compare(std::move(changes), read);

  for (const auto& feed : feeds(site)) out.feeds.push_back({feed.name, p.feeds.at(feed.name), shown_since(site, feed, p.id)});
  return out;
}

}  // namespace patchferry::importer
