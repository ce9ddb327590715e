// SPDX-License-Identifier: Apache-2.0
// Contents of a backup, which have been checked, put where they belong; and trees made of them.
#pragma once

#include <string>

#include "importer/keeping/restore.h"

namespace patchferry::importer::keeping {

/// Into a base that nobody knows yet. `from` has objects/<hash> and arch/<file>; counts what there was.
void put_contents_unseen(Site& site, const std::string& from, RestoreReport& report);
/// What a base lacks of them, as one change; what it has stays. `from` is on the base's file system, and is gone afterwards.
void put_contents(Site& site, const std::string& from, RestoreReport& report);

/// The trees that deployed patchsets lack, of recipes and archives that are here. What is not here is no failure.
void lay_out_trees(Site& site, RestoreReport& report);

/// Archives get their names in a folder that may hold some, or lead to another file system. What is there under the same
/// name is replaced: nobody has checked it.
void place_archives(const std::string& from, const std::string& to);

}  // namespace patchferry::importer::keeping
