// SPDX-License-Identifier: Apache-2.0
// A site in one file (backup_format.h). Made under the base's lock, so that no import is half way; feeds are served meanwhile.
#pragma once

#include <string>
#include <vector>

#include "importer/site.h"

namespace patchferry::importer::keeping {

struct BackupOrder {
  std::string file;
  bool contents = false;      // arch/ and objects/ too
  std::string configuration;  // path of the configuration in force; "": none
};

struct BackupReport {
  std::uint64_t bytes = 0;  // of the file
  std::uint64_t objects = 0;
  std::uint64_t archives = 0;
  std::vector<std::string> left_out;  // paths of objects and archives that have changed on this disk
};

/// UsageError, before anything is looked at: the file cannot go there, or would lie in the base, or what is there is no backup of a site of that name.
void check_target(const std::string& file, const std::string& site, const std::string& base);

/// Written beside its final name, read back from end to end, then renamed. The audit log within it has an entry of it.
BackupReport make_backup(Site& site, const BackupOrder& order);

}  // namespace patchferry::importer::keeping
