// SPDX-License-Identifier: Apache-2.0
// What check.h found, put right with what is here: rotten files are moved to the trash, objects come back from where a good
// copy lies (the trash, a tree), else out of recipes and archives; then trees are laid out again, archives made again, feeds
// published anew. What it cannot have, a bundle has to bring.
#pragma once

#include "importer/cleaning/check.h"

namespace patchferry::importer {

/// Whether it helped, only a second check tells.
void repair(Site& site, const DamagedParts& parts);

}  // namespace patchferry::importer
