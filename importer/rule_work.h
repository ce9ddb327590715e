// SPDX-License-Identifier: Apache-2.0
// What feeds take by themselves now, and what waits: the one answer for imports, updates, tick, plans and lists. What rules mean is in
// rules/judge.h; this finds what they look at. Nothing here writes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "importer/catalogue.h"
#include "importer/feeds.h"
#include "importer/rules/judge.h"
#include "importer/site.h"

namespace patchferry::importer {

/// A patchset that feeds may take.
struct Offered {
  std::int64_t id = 0;  // 0: a bundle would bring it
  Waiting what;         // name, arrival, score, channel; the rest is looked up
};
Offered offered(const KnownPatchset& patchset);

/// Of a patchset that nobody has decided about in a feed.
struct Judged {
  Feed feed;
  std::int64_t patchset = 0;
  std::string name;
  Verdict verdict;
  std::string text;  // a sentence without the name: "waits until …: 24 hours after its release"
};

/// Feed by feed, each in the order of `all`. What one of these feeds takes now, those that follow it see; `by_hand` are feeds in which all of
/// it becomes enabled now, whatever their rules say.
std::vector<Judged> judge_offered(Site& site, const std::vector<Feed>& feeds, const std::vector<Offered>& all,
                                  const std::vector<Feed>& by_hand = {});
/// Of known patchsets, by row id; withdrawn ones are left out. In release order.
std::vector<Judged> judge_known(Site& site, const std::vector<Feed>& feeds, const std::vector<std::int64_t>& patchsets);

}  // namespace patchferry::importer
