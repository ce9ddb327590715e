// SPDX-License-Identifier: Apache-2.0
// Cleaning: what is obsolete (obsolete.h) leaves the base, for the trash (importer/trash.h).
//
// The instant of the change is one transaction: rows go, names are kept (importer/cleaned.h), and the renames into the trash
// are written down. Then feeds publish generations without it, and the renames follow. Interrupted in between, every command
// that opens the base does what is left. Last, contents that nothing needs any more are moved out of objects/; what an
// interruption leaves of these, the next cleaning moves.
//
// They go to the trash too, rather than being deleted with it: objects/ holds what patchsets need and nothing else, and what
// was cleaned by mistake is all in one place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "importer/cleaning/obsolete.h"
#include "importer/publish.h"
#include "importer/site.h"
#include "importer/trash.h"

namespace patchferry::importer {

struct CleanItem {
  std::string name;
  Judgement why;
  std::uint64_t bytes = 0;  // that its going frees by itself, once the trash is empty
};

struct CleanPlan {
  std::vector<CleanItem> goes, leaves, stays;  // in release order
  std::uint64_t objects = 0;                   // contents that go with them, or that an interrupted clean has left
  std::uint64_t object_bytes = 0;
  std::uint64_t left_over = 0;  // of those, what no patchset needs even now
  std::uint64_t left_over_bytes = 0;
  std::uint64_t bytes = 0;          // that all of it frees, once the trash is empty: what others need stays
  std::vector<std::string> unread;  // of which nobody knows the contents: until then, objects stay
  bool has_issued_receipt = true;

  bool has_work() const { return !goes.empty() || !leaves.empty() || left_over != 0; }
};

/// Changes nothing. `at_once`: names that a person wants gone.
CleanPlan plan_clean(Site& site, const std::set<std::string>& at_once = {});

struct CleanReport {
  CleanPlan plan;
  std::vector<std::string> newly_leaving;
  Emptied emptied;            // of the trash, before
  std::uint64_t objects = 0;  // moved to the trash
  std::uint64_t object_bytes = 0;
  bool disk_was_full = false;         // so the trash was emptied at once, of what was cleaned too
  std::vector<std::string> not_kept;  // archives that did not fit into the trash: arch/ is on another file system
  std::vector<Published> published;
};

struct CleanOrder {
  bool empty_trash = false;       // all of it, at the end too
  bool only_these = false;        // those in `at_once`, and nothing else
  std::set<std::string> at_once;  // as above
  bool disk_was_full = false;     // the reserve had to be given back before the base could be opened (reserve.h)
};

CleanReport clean(Site& site, const CleanOrder& order);

}  // namespace patchferry::importer
