// SPDX-License-Identifier: Apache-2.0
// What a feed protects: of each kernel and build id, the level that its pointer names, as the database knows it, and what
// that level closes, as its kpatch.info in resources/ says.
//
// One pass over the levels of all patchsets answers for any number of feeds; of each ident, only the best level is held. So
// memory follows what differs, and not what there is.
#pragma once

#include <functional>
#include <set>
#include <vector>

#include "importer/feeds.h"
#include "importer/reports/protection.h"
#include "importer/site.h"

namespace patchferry::importer {

/// Patchsets that a feed shows, or would show: row ids.
using Shown = std::set<std::int64_t>;
/// What it shows now: enabled, unpacked, not withdrawn.
Shown shown_in(Site& site, const Feed& feed);

struct Alternative {
  Shown before, after;
};

/// Calls `each` for every ident that one of the two shows, with the place of the alternative; those that are the same as well.
void compare_levels(Site& site, const std::vector<Alternative>& alternatives,
                    const std::function<void(std::size_t, LevelChange)>& each);

/// Reads resources/<patchset>/<ident>/<level>/kpatch.info. A level that never had one closes nothing that
/// anybody knows of.
ReadInfo info_reader(const Site& site);

/// What the feed that shows `before` gains and loses if it shows `after`.
ProtectionChange compare_feeds(Site& site, const Shown& before, const Shown& after);

}  // namespace patchferry::importer
