// SPDX-License-Identifier: Apache-2.0
// JSON from outside: no duplicate keys, bounded depth, bounded numbers of values, no trailing data. Bytes must have been authenticated first.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "system/refusal.h"

namespace patchferry {

/// `what` names the document in the refusal ("manifest").
Result<nlohmann::json> parse_json(std::string_view text, const char* what);

}  // namespace patchferry
