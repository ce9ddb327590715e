// SPDX-License-Identifier: Apache-2.0
// What a plan does to feeds, for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "importer/reports/plan_effect.h"

namespace patchferry::importer {

/// The plan, with what matters of each feed before it and tables of each feed after it.
void print_explained(const Plan& plan, const PlanEffect& effect);

/// Adds to plan_json(): cves.lost, cves.highest, cves.highest_lost; feeds.<name>.cves, .kernels, .unread. Feeds that only lose
/// something are there too.
void add_effect(const Plan& plan, const PlanEffect& effect, nlohmann::json& document);

}  // namespace patchferry::importer
