// SPDX-License-Identifier: Apache-2.0
// A file that has no name before it is whole: where others list a folder all the time (an rsync of arch/), they never see
// a part of it, nor a temporary name.
//
// File systems without such files (NFS) get an AtomicFile instead, whose hidden name can be seen.
#pragma once

#include <memory>
#include <string>

#include "system/atomic_file.h"
#include "system/file.h"

namespace patchferry {

class UnnamedFile {
 public:
  /// Will be `path`, in a folder that is there.
  explicit UnnamedFile(std::string path, mode_t mode = 0444);

  const Fd& file() const { return atomic_ ? atomic_->file() : file_; }
  /// Durable and visible when it returns. What has the name already is taken away first.
  void commit();

 private:
  std::string path_;
  Fd file_;
  std::unique_ptr<AtomicFile> atomic_;
};

}  // namespace patchferry
