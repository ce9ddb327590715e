// SPDX-License-Identifier: Apache-2.0
// A backup in memory, put together member by member, so that each can be made wrong.
#pragma once

#include <string>
#include <vector>

#include "importer/keeping/backup_format.h"

namespace patchferry::test {

struct SmallBackup {
  importer::keeping::BackupList list;
  std::vector<std::pair<std::string, std::string>> parts;  // as listed
  std::vector<std::pair<std::string, std::string>> contents;

  /// Database (some bytes), keys, one key in trust/, two objects and an archive.
  SmallBackup();
  /// Lists what `parts` has.
  void list_parts();
  std::string bytes() const;
};

/// One member: head, body, padding.
std::string tar_member(const std::string& name, const std::string& body);

}  // namespace patchferry::test
