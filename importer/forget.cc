// SPDX-License-Identifier: Apache-2.0
#include "importer/forget.h"

#include <set>

#include "bundle-format/archive/layout_profile.h"
#include "importer/feeds.h"
#include "system/calendar.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

/// Folders of feeds that may have something of it.
std::set<std::string> folders_of(Site& site, const KnownPatchset& p) {
  std::set<std::string> out;
  Query idents(site.db(), "SELECT DISTINCT ident FROM level WHERE patchset=?1");
  idents.bind(p.id);
  while (idents.step()) out.insert(served_folder(p.name.patchset.product, idents.text(0)));
  return out;
}

/// A change of the feed, so that it publishes, and so that a rollback knows what was enabled until now.
void leave_feed(Site& site, const Feed& feed, const KnownPatchset& p, std::set<std::string> folders) {
  const std::string& name = p.name.patchset.text;
  const bool is_enabled = state_in(site, feed, p.id) == FeedState::enabled;
  if (!is_enabled) {  // then nothing of it is shown but what lingers
    std::set<std::string> lingering;
    Query rows(site.db(), "SELECT DISTINCT folder FROM lingering WHERE feed=?1");
    rows.bind(feed.id);
    while (rows.step()) lingering.insert(rows.text(0));
    std::erase_if(folders, [&](const std::string& folder) { return lingering.count(folder) == 0; });
    if (folders.empty()) return;
  }
  Query(site.db(), "UPDATE feed SET revision=revision+1 WHERE id=?1").bind(feed.id).run();
  if (is_enabled)
    Query(
        site.db(),
        "INSERT INTO cleaned_change(feed, revision, name, was, why, at) SELECT id, revision, ?2, 'enabled', 'clean', ?3 FROM feed WHERE id=?1")
        .bind(feed.id, name, now())
        .run();
  Query folder(site.db(), "INSERT INTO cleaned_folder SELECT id, revision, ?2 FROM feed WHERE id=?1");
  for (const auto& served : folders) folder.bind(feed.id, served).run();
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

void forget_patchset(Site& site, const KnownPatchset& p, Remember remember) {
  const std::string& name = p.name.patchset.text;
  const auto folders = folders_of(site, p);
  for (const auto& feed : feeds(site)) leave_feed(site, feed, p, folders);
  Query(
      site.db(),
      "INSERT INTO cleaned_change(feed, revision, name, was, why, at) SELECT feed, revision, ?2, was, why, at FROM feed_change WHERE patchset=?1")
      .bind(p.id, name)
      .run();
  if (remember == Remember::name)
    Query(site.db(), "INSERT OR REPLACE INTO cleaned VALUES(?1,?2,?3,?4)").bind(name, p.archive, now(), is_signed(p)).run();
  hand_over_fixes(site, p);
  for (const char* sql : {"DELETE FROM content WHERE patchset=?1", "DELETE FROM pointer WHERE patchset=?1",
                          "DELETE FROM level WHERE patchset=?1", "DELETE FROM patchset WHERE id=?1"})
    Query(site.db(), sql).bind(p.id).run();
  Query(site.db(), "DELETE FROM leaving WHERE name=?1").bind(name).run();
  Query(site.db(), "DELETE FROM promised WHERE name=?1").bind(name).run();
}

void move_to_trash(Site& site, const KnownPatchset& p, const std::string& trash, bool archive) {
  Query pending(site.db(), "INSERT INTO pending_rename(source, target) VALUES(?1,?2)");
  const std::string& name = p.name.patchset.text;
  if (is_folder(site.resources(name))) pending.bind("resources/" + name, trash + "/" + name + "/tree").run();
  if (archive && exists(site.arch() + "/" + p.name.file))
    pending.bind("arch/" + p.name.file, trash + "/" + name + "/" + p.name.file).run();
}

}  // namespace patchferry::importer
