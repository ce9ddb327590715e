// SPDX-License-Identifier: Apache-2.0
// What a feed has shown, generation by generation, and what led to each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "importer/feeds.h"

namespace patchferry::importer {

struct HistoryChange {
  std::string patchset;
  std::string from, to;  // words for states (feed_states.h)
  std::string by;        // word of the command, as in the audit log; "withdrawal": the vendor
};

struct HistoryEntry {
  GenerationRecord generation;         // at 0: what it is made of was not written down
  std::vector<HistoryChange> changes;  // in the order in which they were made
};

/// Newest first; at most `limit` of them, 0: all.
std::vector<HistoryEntry> history_of(Site& site, const Feed& feed, std::size_t limit);

/// In which generation a feed first showed what it makes of a patchset now; none: since before that was written down, or it
/// has never had to do with it.
std::optional<GenerationRecord> shown_since(Site& site, const Feed& feed, std::int64_t patchset);

}  // namespace patchferry::importer
