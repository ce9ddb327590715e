// SPDX-License-Identifier: Apache-2.0
// What an ePortal's feeds made of its patchsets, as far as that is public: the answer of its admin API, and its log. Its own
// database is not documented, and is not read.
//
//   GET /admin/api/patchsets/?feed=F    a list, or {"result": list}, of {"patchset": NAME, "status": WORD, …}
//   2021-12-02 01:25:06,555 - eportal.patches - INFO - K04082020_1 was enabled in main
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "importer/feed_states.h"
#include "system/refusal.h"

namespace patchferry::importer {

constexpr std::uint64_t kMaxStatesFile = 64ULL << 20;
constexpr std::size_t kMaxLogLine = 8192;
constexpr std::size_t kMaxPortalStates = 1'000'000;

struct PortalState {
  std::string feed;
  std::string patchset;
  FeedState state = FeedState::undeployed;  // never `withdrawn`: that is for signed bundles to say
  bool operator==(const PortalState&) const = default;
};

/// Ascending by feed and patchset, distinct. `feed`: that was asked for. What was not downloaded there has no state; what is
/// blocked counts as disabled. Refused, with the number of the entry: malformed, bad_name, too_large.
Result<std::vector<PortalState>> states_in_answer(std::string_view text, const std::string& feed);

/// Likewise, of the last line about each. Lines of other things are skipped. Refused, with the number of the line; also if no
/// line tells of a state.
Result<std::vector<PortalState>> states_in_log(std::string_view text);

}  // namespace patchferry::importer
