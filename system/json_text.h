// SPDX-License-Identifier: Apache-2.0
// JSON from outside: no duplicate keys, bounded depth, bounded numbers of values, no trailing data. Bytes must have been authenticated first.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "system/refusal.h"

namespace patchferry {

/// `what` names the document in the refusal ("manifest").
Result<nlohmann::json> parse_json(std::string_view text, const char* what);

/// A number from 0 to `most`, written without a fraction. Anything else throws nlohmann's exception, as a key that is not there
/// does: the library's own get() casts whatever number it has, and of what does not fit that is undefined.
std::uint64_t whole_number(const nlohmann::json& json, std::uint64_t most);
template <typename T>
T whole_number(const nlohmann::json& json) {
  return static_cast<T>(whole_number(json, std::numeric_limits<T>::max()));
}

}  // namespace patchferry
