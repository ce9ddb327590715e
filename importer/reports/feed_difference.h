// SPDX-License-Identifier: Apache-2.0
// What one feed would gain and lose if it became like another.
#pragma once

#include <string>
#include <vector>

#include "importer/catalogue.h"
#include "importer/feeds.h"
#include "importer/reports/page.h"
#include "importer/reports/protection.h"

namespace patchferry::importer {

struct FeedDifference {
  std::string feed;                           // that would become
  std::string like;                           // this one
  std::vector<KnownPatchset> taken, dropped;  // that it would take, and lose; release order
  ProtectionChange change;
  bool is_same() const { return taken.empty() && dropped.empty(); }
};

std::vector<std::string> names_of(const std::vector<KnownPatchset>& patchsets);

FeedDifference difference(Site& site, const Feed& feed, const Feed& like);

/// What matters first, then the tables.
void print_difference(const FeedDifference& difference);
/// The same as a page. `time`: seconds since 1970.
Page difference_page(const FeedDifference& difference, const std::string& site, std::uint64_t time);

}  // namespace patchferry::importer
