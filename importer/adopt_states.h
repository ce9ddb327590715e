// SPDX-License-Identifier: Apache-2.0
// What an ePortal's feeds made of its patchsets, made true here after its archives were adopted.
#pragma once

#include <string>
#include <vector>

#include "importer/feed_work.h"
#include "importer/portal_states.h"

namespace patchferry::importer {

struct StatesReport {
  std::vector<std::string> feeds;    // that were made, not automatic
  std::vector<PortalState> set;      // ascending by feed and patchset
  std::vector<std::string> unknown;  // patchsets that are not here; ascending, distinct
  std::vector<Refusal> refused;      // `where` is the feed
  FeedReport changes;
};

/// Files as --states gave them: FEED=FILE for an answer of the admin API, FILE for a log. Later ones override earlier ones.
/// Refused, naming the file: as states_in_answer() and states_in_log() do, too_large. UsageError: it is not there.
Result<std::vector<PortalState>> read_states(const std::vector<std::string>& given);

/// Feeds that are not there are made. What is disabled or undeployed stays so until a person says otherwise.
StatesReport set_states(Site& site, const std::vector<PortalState>& states);

}  // namespace patchferry::importer
