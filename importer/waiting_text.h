// SPDX-License-Identifier: Apache-2.0
// What waits in feeds, and why, for people and for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "importer/rule_work.h"

namespace patchferry::importer {

/// {"name","reason","until","text"}; `until` in seconds since 1970, or null.
nlohmann::json waiting_json(const Judged& judged);
/// "in feed main, K20260105_01 waits until …: …"; what is taken is left out. Of more than a few in one feed for one reason, their number.
std::vector<std::string> waiting_lines(const std::vector<Judged>& waiting);
/// These, as notes.
void print_waiting(const std::vector<Judged>& waiting);

}  // namespace patchferry::importer
