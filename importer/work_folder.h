// SPDX-License-Identifier: Apache-2.0
// Where a command puts together what it is about to commit: quarantine/<name>, with arch/ and objects/ in it, empty at first.
#pragma once

#include <string>

#include "importer/site.h"

namespace patchferry::importer {

/// Gone when this goes: what has filled the disk must not stay there until the next command. But what has been committed,
/// and a failure has kept from its place, waits there for that command.
class WorkFolder {
 public:
  WorkFolder(Site& site, const std::string& name);
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  Site& site_;
  std::string path_;
};

}  // namespace patchferry::importer
