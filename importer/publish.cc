// SPDX-License-Identifier: Apache-2.0
#include "importer/publish.h"

#include <algorithm>
#include <memory>

#include "importer/awaited.h"
#include "importer/generation.h"
#include "system/calendar.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

std::vector<Published> publish(Site& site, const std::vector<Feed>& behind) {
  if (behind.empty()) return {};
  std::vector<std::unique_ptr<Generation>> made;
  for (const auto& feed : behind) made.push_back(std::make_unique<Generation>(site, feed));
  for (auto& one : made) one->build();
  sync_file_system(site.base());
  for (auto& one : made) one->show();
  Transaction transaction(site.db());
  for (auto& one : made) one->record();
  transaction.commit();
  std::vector<Published> out;
  for (auto& one : made) {
    one->prune();
    out.push_back(one->published());
  }
  site.roll_forward();  // what was to go once no feed shows it
  return out;
}

bool has_what_lingered(Site& site, const Feed& feed) {
  Query times(site.db(), "SELECT DISTINCT at FROM lingering WHERE feed=?1");
  times.bind(feed.id);
  while (times.step())
    if (has_lingered(times.number(0), now())) return true;
  return false;
}

}  // namespace

bool has_lingered(std::uint64_t at, std::uint64_t time) { return time < at || time - at >= kLingers; }

bool has_lingered(std::uint64_t since, std::uint64_t at, std::uint64_t number, std::uint64_t time) {
  return has_lingered(at, time) && number + 1 >= since + kGenerationsKept;
}

std::vector<Published> publish_changed(Site& site) {
  take_back_awaited(site);
  auto all = feeds(site);
  std::erase_if(all, [&](const Feed& feed) {
    const std::uint64_t shown = generation_shown(site, feed);
    return feed.revision == feed.published && shown >= feed.generation && shown != 0;
  });
  return publish(site, all);
}

std::vector<Published> let_go(Site& site) {
  auto all = feeds(site);
  std::erase_if(all, [&](const Feed& feed) { return !has_what_lingered(site, feed); });
  return publish(site, all);
}

void recover(Site& site) {
  for (const auto& done : publish_changed(site))
    note("feed " + done.feed + " was behind after an interruption, and is published now");
}

}  // namespace patchferry::importer
