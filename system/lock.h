// SPDX-License-Identifier: Apache-2.0
// One command at a time on a store or base: an advisory lock that the kernel drops when its owner dies.
#pragma once

#include <functional>
#include <string>

#include "system/file.h"

namespace patchferry {

class Lock {
 public:
  /// Waits for the lock of the file `path` (made if needed). `on_wait` is called once if somebody else holds it.
  /// With `wait` false, a held lock is a SystemFailure (exit 3).
  static Lock take(const std::string& path, bool wait, const std::function<void()>& on_wait);

 private:
  explicit Lock(Fd file) : file_(std::move(file)) {}
  Fd file_;
};

}  // namespace patchferry
