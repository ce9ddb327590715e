// SPDX-License-Identifier: Apache-2.0
// What agents are served, looked at as a web server would: is it there, does it hang together, may another user read it?
#pragma once

#include <set>
#include <string>
#include <vector>

#include "importer/doctor.h"

namespace patchferry::importer {

/// Of the current generations of all feeds.
struct ServedTree {
  std::set<std::string> folders;              // with links in their names; what holds pointers, and levels
  std::vector<std::string> files;             // pointers
  std::vector<std::string> broken;            // links that lead nowhere
  std::vector<std::string> pointing_nowhere;  // pointers to a level that is not beside them
};

/// Each feed shows what the database says; fills in `served`.
Check check_feeds(Site& site, ServedTree& served);
Check check_links(const ServedTree& served);
Check check_pointers(const ServedTree& served);
/// By the modes of every folder on the way, and of every file in it. Lists that grant more are not looked at.
Check check_access(Site& site, const ServedTree& served);

}  // namespace patchferry::importer
