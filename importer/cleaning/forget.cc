// SPDX-License-Identifier: Apache-2.0
#include "importer/cleaning/forget.h"

#include <set>

#include "importer/feeds.h"
#include "system/calendar.h"

namespace patchferry::importer {

namespace {

/// A change of the feed, so that it publishes, and so that a rollback knows what was enabled until now.
void leave_feed(Site& site, const Feed& feed, const KnownPatchset& p, const FeedView& view) {
  const std::string& name = p.name.patchset.text;
  std::set<std::string> showing;
  for (const auto& [level, patchset] : view.shown)
    if (patchset == name) showing.insert(level.served);
  const bool is_enabled = state_in(site, feed, p.id) == FeedState::enabled;
  if (!is_enabled && showing.empty()) return;
  Query(site.db(), "UPDATE feed SET revision=revision+1 WHERE id=?1").bind(feed.id).run();
  if (is_enabled)
    Query(site.db(), "INSERT INTO cleaned_change(feed, revision, name, was, why, at) SELECT id, revision, ?2, 'enabled', 'clean', ?3 FROM feed WHERE id=?1")
        .bind(feed.id, name, now())
        .run();
  Query folder(site.db(), "INSERT INTO cleaned_folder SELECT id, revision, ?2 FROM feed WHERE id=?1");
  for (const auto& served : showing) folder.bind(feed.id, served).run();
}

/// CVEs that it was the first to close: the next one that has as much of the kernel closes them too. What none has, is open again.
void hand_over_fixes(Site& site, const KnownPatchset& p) {
  struct Fixed {
    std::string kernel, ident;
    std::uint64_t level;
  };
  std::vector<Fixed> all;
  Query levels(site.db(), "SELECT kernel, ident, min(level) FROM level WHERE patchset=?1 GROUP BY kernel, ident");
  levels.bind(p.id);
  while (levels.step())
    all.push_back({levels.text(0).empty() ? levels.text(1) : levels.text(0), levels.text(1), levels.number(2)});
  Query heir(site.db(),
             "SELECT patchset.id FROM level JOIN patchset ON patchset.id=level.patchset WHERE ident=?1 AND level>=?2 AND "
             "patchset.id<>?3 AND withdrawn=0 ORDER BY release_key LIMIT 1");
  Query hand(site.db(), "UPDATE first_fix SET patchset=?3 WHERE kernel=?1 AND patchset=?2");
  for (const auto& one : all)
    if (heir.bind(one.ident, one.level, p.id).step()) hand.bind(one.kernel, p.id, heir.integer(0)).run();
  Query(site.db(), "DELETE FROM first_fix WHERE patchset=?1").bind(p.id).run();
}

}  // namespace

void forget_patchset(Site& site, const KnownPatchset& p, const std::vector<FeedView>& views) {
  const std::string& name = p.name.patchset.text;
  const auto all = feeds(site);
  for (std::size_t i = 0; i < all.size(); ++i) leave_feed(site, all[i], p, views[i]);
  Query(site.db(), "INSERT INTO cleaned_change(feed, revision, name, was, why, at) SELECT feed, revision, ?2, was, why, at FROM feed_change WHERE patchset=?1")
      .bind(p.id, name)
      .run();
  Query(site.db(), "INSERT OR REPLACE INTO cleaned VALUES(?1,?2,?3)").bind(name, p.archive, now()).run();
  hand_over_fixes(site, p);
  for (const char* sql : {"DELETE FROM content WHERE patchset=?1", "DELETE FROM pointer WHERE patchset=?1",
                          "DELETE FROM level WHERE patchset=?1", "DELETE FROM patchset WHERE id=?1"})
    Query(site.db(), sql).bind(p.id).run();
  Query(site.db(), "DELETE FROM leaving WHERE name=?1").bind(name).run();
  Query(site.db(), "DELETE FROM promised WHERE name=?1").bind(name).run();
}

}  // namespace patchferry::importer
