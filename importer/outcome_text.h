// SPDX-License-Identifier: Apache-2.0
// What became of an import or a dry run: for machines, and as an exit code.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "importer/archives_report.h"
#include "importer/import.h"

namespace patchferry::importer {

/// plan_json() where there is a plan, with outcome ("imported", "planned", "nothing-to-do", "incomplete", "refused") and
/// findings[]; where feeds and archives were looked after, published[] and archives.
nlohmann::json outcome_json(const ImportOutcome& outcome);
/// {"mended":[name],"done":[name],"pending":[name],"failed":[{"name","kind","text","hint"}]}; the kind is null where the machine has failed.
nlohmann::json archives_json(const ArchivesReport& report);
/// On stderr, by "error:" and "hint:" lines.
void report_failures(const ArchivesReport& report);
int exit_code(const ImportOutcome& outcome);

}  // namespace patchferry::importer
