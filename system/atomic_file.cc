// SPDX-License-Identifier: Apache-2.0
#include "system/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

namespace patchferry {

AtomicFile::AtomicFile(std::string path, mode_t mode)
    : path_(std::move(path)), partial_(parent_of(path_) + "/." + file_name_of(path_) + ".partial") {
  remove_file(partial_);
  file_ = open_file(partial_, O_RDWR | O_CREAT | O_EXCL, mode);
}

AtomicFile::~AtomicFile() {
  if (!partial_.empty()) ::unlink(partial_.c_str());
}

void AtomicFile::commit() {
  sync_file(file_);
  rename_path(partial_, path_);
  partial_.clear();
  sync_folder(parent_of(path_));
}

void write_file(const std::string& path, ByteSpan bytes, mode_t mode) {
  AtomicFile file(path, mode);
  file.write(bytes);
  file.commit();
}

}  // namespace patchferry
