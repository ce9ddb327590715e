// SPDX-License-Identifier: Apache-2.0
// Two signed bundles under one number prove that somebody signs what he should not. Both are kept:
//
//   evidence/bundle-000007-<first digits of the statement's hash>/{statement,envelope,root-chain}
#pragma once

#include <string>
#include <vector>

#include "importer/site.h"
#include "verifier/verify.h"

namespace patchferry::importer {

/// What spoke against the bundle was a fork: keeps its signed parts, and those of the import that it contradicts.
void keep_evidence(Site& site, const ExaminedBundle& bundle);
/// Names of the folders in evidence/, in order.
std::vector<std::string> evidence(const Site& site);

}  // namespace patchferry::importer
