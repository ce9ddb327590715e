// SPDX-License-Identifier: Apache-2.0
// The plan of an import as a page, for those who have to approve it.
#pragma once

#include <optional>
#include <string>

#include "importer/import.h"
#include "importer/reports/page.h"
#include "importer/reports/plan_effect.h"

namespace patchferry::importer {

/// `outcome` has a plan. `time`: seconds since 1970.
Page plan_page(const ImportOutcome& outcome, const PlanEffect& effect, std::uint64_t time);

/// Of the time that it is. Where there is no plan, no report; a note says so.
void write_plan(const std::string& path, const ImportOutcome& outcome, const std::optional<PlanEffect>& effect);

}  // namespace patchferry::importer
