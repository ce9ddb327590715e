// SPDX-License-Identifier: Apache-2.0
// What a person must hear of, from status, import, list and head take: silence, a wrong clock, a ledger that was put back,
// bundles that exist and do not come, two signed bundles under one number.
#pragma once

#include <string>
#include <vector>

#include "importer/site.h"

namespace patchferry::importer {

struct Alarm {
  std::string kind;  // for machines: "needs-head", "fork", "held-back", "silence", "clock"
  std::string text;
};

std::vector<Alarm> alarms(Site& site);

}  // namespace patchferry::importer
