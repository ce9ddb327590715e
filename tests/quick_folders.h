// SPDX-License-Identifier: Apache-2.0
// Folders in memory where that can be had, for tests in which no power fails: waiting for a disk would prove nothing there.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <unistd.h>

#include "system/file.h"

namespace patchferry::test {

/// As long as one is there, TempFolder is made in memory.
class QuickFolders {
 public:
  QuickFolders() {
    if (const char* before = std::getenv("TMPDIR")) before_ = before;
    if (is_folder("/dev/shm") && ::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
  }
  ~QuickFolders() { before_ ? ::setenv("TMPDIR", before_->c_str(), 1) : ::unsetenv("TMPDIR"); }
  QuickFolders(const QuickFolders&) = delete;
  QuickFolders& operator=(const QuickFolders&) = delete;

 private:
  std::optional<std::string> before_;
};

}  // namespace patchferry::test
