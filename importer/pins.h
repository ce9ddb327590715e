// SPDX-License-Identifier: Apache-2.0
// Patchsets that a person keeps, however obsolete they are (docs/cleaning.md).
#pragma once

#include <string>
#include <vector>

#include "importer/site.h"

namespace patchferry::importer {

/// In byte order.
std::vector<std::string> pinned_names(Site& site);

/// One change for all of them, which the audit log keeps. Returns those that were not so already. UsageError, and nothing is
/// changed: one is not here.
std::vector<std::string> set_pinned(Site& site, const std::vector<std::string>& names, bool pinned);

}  // namespace patchferry::importer
