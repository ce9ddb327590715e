// SPDX-License-Identifier: Apache-2.0
#include "importer/pins.h"

#include <algorithm>

#include "importer/catalogue.h"
#include "importer/feed_work.h"
#include "system/calendar.h"

namespace patchferry::importer {

std::vector<std::string> pinned_names(Site& site) {
  std::vector<std::string> out;
  Query all(site.db(), "SELECT name FROM pin");
  while (all.step()) out.push_back(all.text(0));
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> set_pinned(Site& site, const std::vector<std::string>& names, bool pinned) {
  std::vector<std::string> here;
  for (const auto& name : names) here.push_back(find_named(site, name).name.patchset.text);
  std::vector<std::string> changed;
  Transaction transaction(site.db());
  for (const auto& name : here) {
    if (Query(site.db(), "SELECT 1 FROM pin WHERE name=?1").bind(name).step() == pinned) continue;
    if (pinned)
      Query(site.db(), "INSERT INTO pin VALUES(?1,?2)").bind(name, now()).run();
    else
      Query(site.db(), "DELETE FROM pin WHERE name=?1").bind(name).run();
    changed.push_back(name);
  }
  if (changed.empty()) return changed;
  std::string detail;
  for (const auto& name : changed) detail += (detail.empty() ? "" : " ") + name;
  site.audit({.what = pinned ? "pin" : "unpin", .detail = detail});
  transaction.commit();
  return changed;
}

}  // namespace patchferry::importer
