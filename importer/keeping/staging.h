// SPDX-License-Identifier: Apache-2.0
// BASE/.restoring: a backup that has been read and checked, and what is made of it before anybody sees it.
//
//   site/                  a base in the making, mode 0700 above it
//   contents/objects/<hash>, contents/arch/<file>
//   ready                  written last: from here on, things get their names in BASE; it says of which backup
#pragma once

#include <string>

#include "importer/keeping/backup_format.h"
#include "system/file.h"

namespace patchferry::importer::keeping {

class Staging {
 public:
  explicit Staging(const std::string& base) : path_(base + "/.restoring") {}

  const std::string& path() const { return path_; }
  std::string site() const { return path_ + "/site"; }
  std::string contents() const { return path_ + "/contents"; }

  /// Reads all of it into an empty staging folder; without `contents` those are checked and not kept. Refused: as
  /// BackupReader and check_snapshot() do.
  Result<BackupList> fill(const Fd& backup, bool contents);

  bool is_ready() const { return exists(path_ + "/ready"); }
  bool is_ready_for(const BackupList& list) const;
  /// Durable, like all that has been staged before.
  void set_ready(const BackupList& list);
  void clear() { remove_tree(path_); }

 private:
  std::string path_;
};

}  // namespace patchferry::importer::keeping
