// SPDX-License-Identifier: Apache-2.0
// Patchsets that are deployed, and whose trees are not here: the base was restored from a backup without contents. A link of a
// feed would lead to nothing, so feeds leave them out; what they are in each feed stays as it was. Once a tree is in
// resources/ again, brought by a bundle or made out of arch/, the feeds that have the patchset enabled show it.
#pragma once

#include <cstdint>

#include "importer/site.h"

namespace patchferry::importer {

/// Those without a tree are awaited from now on; feeds are to be published after it. Returns how many there are.
std::uint64_t await_trees(Site& site);

/// Those whose trees are here are awaited no longer; likewise. Whole trees alone ever get a name in resources/.
void take_back_awaited(Site& site);

}  // namespace patchferry::importer
