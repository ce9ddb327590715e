// SPDX-License-Identifier: Apache-2.0
// What is wrong with a bundle, all of it, and the same for machines.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "system/refusal.h"

namespace patchferry {

/// `where` is the path of the volume or file.
using Findings = std::vector<Refusal>;

/// findings[] of every JSON document: kind, volume, offset (or null), text, hint.
nlohmann::json findings_json(const Findings& findings);

}  // namespace patchferry
