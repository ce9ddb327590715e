// SPDX-License-Identifier: Apache-2.0
// A backup on its way: ".<name>.backup-partial" and ".<name>.backup-database" beside its final name, mode 0600.
//
// Both hold the site's secret key or its database, and a killed command leaves them. So the next backup into that folder takes
// away what others have left, whatever their names. Whoever writes one holds a lock on the partial file, which the kernel drops
// when its owner dies: what is locked stays.
#pragma once

#include <string>

#include "system/file.h"

namespace patchferry::importer::keeping {

class UnfinishedBackup {
 public:
  /// Takes away what killed backups have left in the folder, then begins. SystemFailure if somebody writes this very backup now.
  explicit UnfinishedBackup(std::string path);
  UnfinishedBackup(const UnfinishedBackup&) = delete;
  UnfinishedBackup& operator=(const UnfinishedBackup&) = delete;
  ~UnfinishedBackup();

  const Fd& file() const { return file_; }
  /// Where the copy of the database may lie meanwhile. Whoever makes it takes it away, before commit().
  std::string database_path() const;
  /// Durable, and under its final name, when it returns.
  void commit();

 private:
  void begin();

  std::string path_;
  std::string partial_;
  Fd file_;
};

}  // namespace patchferry::importer::keeping
