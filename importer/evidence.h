// SPDX-License-Identifier: Apache-2.0
// Two signed bundles under one number prove that somebody signs what he should not. Both are kept:
//
//   evidence/bundle-000007-<first digits of the statement's hash>/{statement,envelope,root-chain}
//   evidence/head-000007-<first digits of the statement's hash>/token
//
// The alarm lasts until a person, who has settled the matter, takes the folders away.
#pragma once

#include <string>
#include <vector>

#include "bundle-format/notice.h"
#include "importer/site.h"
#include "verifier/verify.h"

namespace patchferry::importer {

/// What spoke against the bundle was a fork: keeps its signed parts, and those of the import that it contradicts.
void keep_evidence(Site& site, const ExaminedBundle& bundle);
/// The same of a head token that speaks of another bundle than the one that was imported, or than an earlier token does.
void keep_evidence(Site& site, const Notice& head, const std::string& token);
/// Names of the folders in evidence/, in order.
std::vector<std::string> evidence(const Site& site);

}  // namespace patchferry::importer
