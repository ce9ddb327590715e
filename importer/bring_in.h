// SPDX-License-Identifier: Apache-2.0
// From a staged bundle to patchsets that can be committed: archives rebuilt, checked and unpacked where no reader looks.
#pragma once

#include <string>
#include <vector>

#include "importer/catalogue.h"
#include "importer/plan.h"
#include "importer/stage.h"

namespace patchferry::importer {

/// The archive as the vendor made it, in work/arch/, its hash checked. Refused: incomplete, damaged.
Result<Fd> take_out(const StagedBundle& staged, const ManifestPatchset& wanted, const std::string& work);

/// All that the plan calls fresh, an archive a core, in `work` (made anew); nothing of it is visible yet.
Result<std::vector<NewPatchset>> bring_in(const Site& site, const StagedBundle& staged, const Plan& plan,
                                          const std::string& work);

}  // namespace patchferry::importer
