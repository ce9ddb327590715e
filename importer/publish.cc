// SPDX-License-Identifier: Apache-2.0
#include "importer/publish.h"

#include <algorithm>
#include <memory>

#include "importer/awaited.h"
#include "importer/generation.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

std::vector<Published> publish_changed(Site& site) {
  take_back_awaited(site);
  std::vector<std::unique_ptr<Generation>> made;
  for (const auto& feed : feeds(site)) {
    const std::uint64_t shown = generation_shown(site, feed);
    if (feed.revision != feed.published || shown < feed.generation || shown == 0)
      made.push_back(std::make_unique<Generation>(site, feed));
  }
  if (made.empty()) return {};
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
  return out;
}

void recover(Site& site) {
  for (const auto& done : publish_changed(site))
    note("feed " + done.feed + " was behind after an interruption, and is published now");
}

}  // namespace patchferry::importer
