// SPDX-License-Identifier: Apache-2.0
// From a staged bundle to patchsets that can be committed, all of it where no reader looks: contents out of packs, checked;
// each patchset's tree laid out. Archives that travel taken apart are made again later (archives.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "importer/archive_mode.h"
#include "importer/catalogue.h"
#include "importer/commit.h"
#include "importer/plan.h"
#include "importer/stage.h"

namespace patchferry::importer {

struct Brought {
  std::vector<NewPatchset> patchsets;  // all that the plan calls fresh
  std::vector<Restored> restored;      // and what it calls restored
};

/// Room that is needed from now on.
struct BytesNeeded {
  std::uint64_t work = 0;      // contents that are new here, and archives that came as they are
  std::uint64_t verbatim = 0;  // of these, archives that move on into arch/
  std::uint64_t rebuilt = 0;   // archives that are to be made in arch/ afterwards
};

using Reserve = std::function<void(const BytesNeeded&)>;

/// Into `work` (made anew): objects and archives first, then the trees, of restored ones too, a patchset a core. `reserve` is called whenever more
/// is known of what will be written, before it is; it throws if there is no room. Refused: incomplete, damaged,
/// malformed, and as an archive can be (contents.h).
Result<Brought> bring_in(Site& site, const StagedBundle& staged, const Plan& plan, ArchiveMode mode, const std::string& work,
                         const Reserve& reserve);

}  // namespace patchferry::importer
