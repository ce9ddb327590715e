// SPDX-License-Identifier: Apache-2.0
// A file in memory, without a name: bytes that another process is to read, and nobody else.
#pragma once

#include <string>

#include "system/file.h"

namespace patchferry {

/// Empty, to be written; gone with its last descriptor. `what`: for errors.
Fd memory_file(const std::string& what);

}  // namespace patchferry
