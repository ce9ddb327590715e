// SPDX-License-Identifier: Apache-2.0
// What a plan does to each feed, in terms of kernels and CVEs.
//
// Of patchsets that are here, levels and CVEs are known. Of those that only the bundle has, its signed description says
// which CVEs each is the first to close and for which kernels, and nothing of levels or of what they close besides. So gained is
// what is known to be gained, and lost is at most what is lost.
#pragma once

#include <string>
#include <vector>

#include "importer/plan.h"
#include "importer/reports/protection.h"

namespace patchferry::importer {

struct FeedEffect {
  std::string feed;
  std::vector<std::string> enable, disable;  // patchsets that the feed shows afterwards, and shows no more
  ProtectionChange change;
};

struct PlanEffect {
  std::vector<FeedEffect> feeds;        // that change, or take patchsets; by name
  std::vector<CveChange> gained, lost;  // by any of them
};

/// Before the plan is carried out. Reads kpatch.info of what changes.
PlanEffect effect_of(Site& site, const Plan& plan);

}  // namespace patchferry::importer
