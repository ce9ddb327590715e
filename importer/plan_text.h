// SPDX-License-Identifier: Apache-2.0
// A plan for people, and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "importer/plan.h"

namespace patchferry::importer {

/// product.md's keys: bundle, sequence, site, patchsets{new,present,withdrawn}, cves{gained}, bytes, feeds.
nlohmann::json plan_json(const Plan& plan);
/// What the vendor or a rollback takes out of feeds: to be read first.
void print_taken_out(const Plan& plan);
/// All else.
void print_plan(const Plan& plan);

}  // namespace patchferry::importer
