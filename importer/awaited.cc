// SPDX-License-Identifier: Apache-2.0
#include "importer/awaited.h"

#include <vector>

#include "importer/feed_states.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

struct Deployed {
  std::int64_t id = 0;
  std::string name;
};

std::vector<Deployed> deployed(Site& site, const char* which) {
  std::vector<Deployed> out;
  Query rows(site.db(), which);
  while (rows.step()) out.push_back({rows.integer(0), rows.text(1)});
  return out;
}

/// Within the caller's transaction.
void set_awaited(Site& site, const Deployed& one, bool awaited) {
  Query(site.db(), "UPDATE patchset SET awaited=?2 WHERE id=?1").bind(one.id, awaited).run();
  note_other_contents(site, one.id);
}

}  // namespace

std::uint64_t await_trees(Site& site) {
  std::uint64_t count = 0;
  Transaction transaction(site.db());
  for (const auto& one : deployed(site, "SELECT id, name FROM patchset WHERE unpacked=1 AND awaited=0"))
    if (!is_folder(site.resources(one.name))) set_awaited(site, one, true);
  Query all(site.db(), "SELECT count(*) FROM patchset WHERE awaited=1");
  if (all.step()) count = all.number(0);
  transaction.commit();
  return count;
}

void take_back_awaited(Site& site) {
  std::vector<Deployed> back;
  for (auto& one : deployed(site, "SELECT id, name FROM patchset WHERE awaited=1"))
    if (is_folder(site.resources(one.name))) back.push_back(std::move(one));
  if (back.empty()) return;
  Transaction transaction(site.db());
  for (const auto& one : back) set_awaited(site, one, false);
  transaction.commit();
}

}  // namespace patchferry::importer
