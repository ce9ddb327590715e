// SPDX-License-Identifier: Apache-2.0
// Rules as JSON: as the database keeps them, and as `feed list --json` shows them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "importer/rules/rules.h"

namespace patchferry::importer {

constexpr std::size_t kMaxRulesText = 64 << 10;  // bytes

nlohmann::json rules_json(const Rules& rules);
std::string encode_rules(const Rules& rules);
/// Accepts what encode_rules() writes and nothing else: malformed.
Result<Rules> decode_rules(std::string_view text);

}  // namespace patchferry::importer
