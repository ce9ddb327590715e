// SPDX-License-Identifier: Apache-2.0
// The commands of this room.
#pragma once

#include <string>
#include <vector>

namespace patchferry::importer::keeping {

int cmd_backup(std::vector<std::string> arguments);
int cmd_restore(std::vector<std::string> arguments);

/// Path of the configuration file in force; "": there is none.
std::string configuration_in_force();

}  // namespace patchferry::importer::keeping
