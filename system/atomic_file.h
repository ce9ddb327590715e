// SPDX-License-Identifier: Apache-2.0
// The one way in which this project writes a file that somebody may read.
//
// Bytes go to an unfinished file beside the target (".<name>.partial"), are fsynced, renamed into place, and the
// folder is fsynced: at every instant a reader sees the old file or the new one. Destroyed before commit(), it
// leaves nothing behind.
#pragma once

#include <string>

#include "system/file.h"

namespace patchferry {

class AtomicFile {
 public:
  explicit AtomicFile(std::string path, mode_t mode = 0644);
  AtomicFile(AtomicFile&&) = delete;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  const Fd& file() const { return file_; }
  void write(ByteSpan bytes) { write_all(file_, bytes); }
  /// Durable and visible when it returns.
  void commit();

 private:
  std::string path_;
  std::string partial_;
  Fd file_;
};

void write_file(const std::string& path, ByteSpan bytes, mode_t mode = 0644);

}  // namespace patchferry
