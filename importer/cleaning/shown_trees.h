// SPDX-License-Identifier: Apache-2.0
// What the trees of a feed's kept generations say, read off the disk: agents see those, not the database.
#pragma once

#include "importer/cleaning/obsolete.h"
#include "importer/feeds.h"
#include "importer/site.h"

namespace patchferry::importer {

/// The levels that a folder's pointers name, of those that it has: each run of digits in a `latest*`, and any other pointer that is
/// a bare level. What else may stand in one, we do not know.
std::set<std::uint64_t> named_in(const std::string& folder);

FeedView view_of(Site& site, const Feed& feed);

}  // namespace patchferry::importer
