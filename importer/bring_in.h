// SPDX-License-Identifier: Apache-2.0
// From a staged bundle to patchsets that can be committed, all of it where no reader looks: contents out of packs, checked;
// each patchset's tree laid out. Archives that travel taken apart are made again later (archives.h).
#pragma once

#include <string>
#include <vector>

#include "importer/archives.h"
#include "importer/catalogue.h"
#include "importer/commit.h"
#include "importer/plan.h"
#include "importer/stage.h"

namespace patchferry::importer {

struct Brought {
  std::vector<NewPatchset> patchsets;  // all that the plan calls fresh
  std::vector<Restored> restored;      // and what it calls restored
};

/// Into `work` (made anew): objects and archives first, then the trees, a patchset a core. Refused: incomplete, damaged,
/// malformed, and as an archive can be (contents.h).
Result<Brought> bring_in(const Site& site, const StagedBundle& staged, const Plan& plan, ArchiveMode mode,
                         const std::string& work);

}  // namespace patchferry::importer
