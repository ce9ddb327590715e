// SPDX-License-Identifier: Apache-2.0
#include "importer/work_folder.h"

#include "system/failure.h"
#include "system/file.h"

namespace patchferry::importer {

WorkFolder::WorkFolder(Site& site, const std::string& name) : site_(site), path_(site.quarantine() + "/" + name) {
  remove_tree(path_);
  make_folders(path_ + "/arch", 0700);
  make_folders(path_ + "/objects", 0700);
}

WorkFolder::~WorkFolder() {
  try {
    if (!site_.has_pending_renames()) remove_tree(path_);
  } catch (const SystemFailure&) {  // the next command takes it away
  }
}

}  // namespace patchferry::importer
