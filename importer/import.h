// SPDX-License-Identifier: Apache-2.0
// Import: from what a courier brought to a feed that agents follow.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "importer/plan.h"
#include "importer/publish.h"
#include "importer/site.h"
#include "verifier/verify.h"

namespace patchferry::importer {

struct ImportOrder {
  std::vector<std::string> media;
  std::vector<std::string> feeds;  // that take the new patchsets beside those with auto on
  bool deploy = true;
  bool only_plan = false;         // --dry-run, diff
  std::string permit;             // path of a permit to go back; empty: none
  std::string vouching;           // instead of a head token, where one is needed; empty: nobody vouches
  std::uint64_t accept_jump = 0;  // a number that is right, however far ahead it is
};

struct ImportOutcome {
  enum class Kind { refused, nothing_to_do, planned, incomplete, imported };
  Kind kind = Kind::refused;
  Findings findings;         // why it was refused, or which volumes are missing
  std::optional<Plan> plan;  // absent if refused, or too little of the bundle is here
  std::vector<Published> published;
  std::vector<std::string> warnings;  // what a clock or a gap gives reason for
};

ImportOutcome import_bundle(Site& site, const ImportOrder& order);

}  // namespace patchferry::importer
