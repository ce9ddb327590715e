// SPDX-License-Identifier: Apache-2.0
#include "system/unnamed_file.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "system/failure.h"

namespace patchferry {

UnnamedFile::UnnamedFile(std::string path, mode_t mode) : path_(std::move(path)) {
  const std::string folder = parent_of(path_);
  const int unnamed = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
  if (unnamed >= 0)
    file_ = Fd(unnamed, path_);
  else if (errno == EOPNOTSUPP || errno == EISDIR)
    atomic_ = std::make_unique<AtomicFile>(path_, mode);
  else
    throw_errno("create a file in", folder);
}

void UnnamedFile::commit() {
  if (atomic_) return atomic_->commit();
  sync_file(file_);
  // A name cannot be given to a file while another has it, and what has it is wrong: nobody misses it.
  if (exists(path_)) remove_file(path_);
  const std::string name = "/proc/self/fd/" + std::to_string(file_.get());
  if (::linkat(AT_FDCWD, name.c_str(), AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW) != 0) throw_errno("link", path_);
  sync_folder(parent_of(path_));
}

}  // namespace patchferry
