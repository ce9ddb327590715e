// SPDX-License-Identifier: Apache-2.0
#include "system/memory_file.h"

#include <sys/mman.h>

#include "system/failure.h"

namespace patchferry {

Fd memory_file(const std::string& what) {
  const int fd = ::memfd_create(what.c_str(), MFD_CLOEXEC);
  if (fd < 0) throw_errno("make a file in memory for", what);
  return {fd, what};
}

}  // namespace patchferry
