// SPDX-License-Identifier: Apache-2.0
// A patchset leaves the database: what feeds, receipts and reports need of it stays by name (importer/cleaned.h).
#pragma once

#include <vector>

#include "importer/catalogue.h"
#include "importer/cleaning/obsolete.h"
#include "importer/site.h"

namespace patchferry::importer {

/// Within the caller's transaction. `views`: of all feeds, in order of their names; those that show it are to publish.
void forget_patchset(Site& site, const KnownPatchset& patchset, const std::vector<FeedView>& views);

}  // namespace patchferry::importer
