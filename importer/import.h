// SPDX-License-Identifier: Apache-2.0
// Import: from what a courier brought to a feed that agents follow.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "importer/archives_report.h"
#include "importer/judge_bundle.h"
#include "importer/plan.h"
#include "importer/publish.h"
#include "importer/site.h"
#include "verifier/verify.h"

namespace patchferry::importer {

struct ImportOutcome {
  enum class Kind { refused, nothing_to_do, planned, incomplete, imported };
  Kind kind = Kind::refused;
  Findings findings;         // why it was refused, or which volumes are missing
  std::optional<Plan> plan;  // absent if refused, or too little of the bundle is here
  std::vector<Published> published;
  std::vector<std::string> warnings;  // what a clock or a gap gives reason for
  ArchivesReport archives;            // made again, or still to be
};

/// `servable(outcome)` is called when all that agents are to see is published and arch/ may still lack archives.
ImportOutcome import_bundle(Site& site, const ImportOrder& order, const std::function<void(const ImportOutcome&)>& servable = {});

}  // namespace patchferry::importer
