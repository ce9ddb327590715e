// SPDX-License-Identifier: Apache-2.0
// From one feed to another: what has stood the test in one becomes enabled in the other. A person's act, so delays, windows and approval
// do not count; what a person has said against a patchset there does.
#pragma once

#include <optional>
#include <string>

#include "importer/feed_work.h"

namespace patchferry::importer {

struct PromoteOrder {
  Feed from;
  Feed to;
  std::optional<PatchsetName> up_to;  // and of its product alone
  bool only_plan = false;
};

/// Disabled and withdrawn ones stay as they are (kept), and what is rejected there or beyond the sticky point (waiting). Refused: as
/// change_feeds() (feed_work.h). UsageError: from = to.
Result<FeedReport> promote(Site& site, const PromoteOrder& order);

}  // namespace patchferry::importer
