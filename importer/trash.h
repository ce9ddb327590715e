// SPDX-License-Identifier: Apache-2.0
// What was cleaned away, for as long as `trash_days` says.
//
//   trash/20261121-162855/K20260105_01/K20260105_01.tar.bz2      the archive: 'patchferry deploy' takes it back
//   trash/20261121-162855/K20260105_01/tree/…                    what lay in resources/
//   trash/20261121-162855/objects/<sha256>                       contents that nothing needs any more
//
// A folder is named by the time (UTC) at which it was made. Nothing refers to what is in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "importer/site.h"

namespace patchferry::importer {

/// The path of a folder for what is cleaned now, relative to the base; it is not made yet.
std::string new_trash_folder(const Site& site);
/// When it was made, in seconds since 1970; none: not a name that new_trash_folder() gives.
std::optional<std::uint64_t> trash_time(const std::string& name);

/// What emptying it would free: a file that has a name outside the trash as well takes no room there.
std::uint64_t trash_bytes(const Site& site);

struct Emptied {
  std::vector<std::string> folders;  // names in trash/
  std::uint64_t bytes = 0;
};

/// Takes away what is older than `trash_days`, or with `all` everything. What it took, the audit log keeps.
Emptied empty_trash(Site& site, bool all = false);

}  // namespace patchferry::importer
