// SPDX-License-Identifier: Apache-2.0
// A folder that is removed with all that it holds; beneath TMPDIR, else /tmp.
#pragma once

#include <cstdlib>
#include <string>

#include "system/failure.h"
#include "system/file.h"

namespace patchferry::test {

class TempFolder {
 public:
  TempFolder() {
    const char* root = std::getenv("TMPDIR");
    path_ = std::string(root != nullptr && *root != '\0' ? root : "/tmp") + "/patchferry-test-XXXXXX";  // mkdtemp's pattern
    if (::mkdtemp(path_.data()) == nullptr) throw_errno("create", path_);
  }
  ~TempFolder() {
    try {
      remove_tree(path_);
    } catch (const SystemFailure&) {  // a test that failed half way may have left it busy
    }
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace patchferry::test
