// SPDX-License-Identifier: Apache-2.0
// Taking over the arch/ of an existing ePortal, in place: no archive is copied.
#pragma once

#include <string>
#include <vector>

#include "importer/archives_report.h"
#include "importer/publish.h"
#include "importer/site.h"

namespace patchferry::importer {

struct AdoptReport {
  std::vector<std::string> adopted;  // names, release order
  std::vector<std::string> present;  // known already, the same bytes
  std::vector<Refusal> refused;
  std::vector<ArchiveFailure> stale;  // trees of earlier patchsets that could not be laid out again (trees.h)
  bool linked_folder = false;         // arch/ is now a link to the folder (it is on another file system)
  std::vector<Published> published;
};

/// On the same file system every archive gets a second name in arch/; on another one arch/, which must be empty,
/// becomes a link to `folder`. With `deploy` the feeds with auto on enable what was adopted; only then it is unpacked.
AdoptReport adopt(Site& site, const std::string& folder, bool deploy);

}  // namespace patchferry::importer
