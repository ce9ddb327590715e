// SPDX-License-Identifier: Apache-2.0
// The commands of patchferry-site that explain, one file each (cmd_*.cc); the others are in importer/commands.h.
#pragma once

#include <string>
#include <vector>

namespace patchferry::importer {

int cmd_diff(std::vector<std::string> arguments);
int cmd_import(std::vector<std::string> arguments);
int cmd_feed_diff(std::vector<std::string> arguments);
int cmd_feed_history(std::vector<std::string> arguments);
int cmd_feed_rollback(std::vector<std::string> arguments);
int cmd_show(std::vector<std::string> arguments);

}  // namespace patchferry::importer
