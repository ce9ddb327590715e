// SPDX-License-Identifier: Apache-2.0
// The commands of this room, one file each. Exit codes: terminal/command.h.
#pragma once

#include <string>
#include <vector>

namespace patchferry::importer {

int cmd_clean(std::vector<std::string> arguments);
int cmd_pin(std::vector<std::string> arguments);
int cmd_unpin(std::vector<std::string> arguments);
int cmd_check(std::vector<std::string> arguments);

}  // namespace patchferry::importer
