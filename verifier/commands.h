// SPDX-License-Identifier: Apache-2.0
// The commands of patchferry-verify. Exit codes: terminal/command.h.
#pragma once

#include <string>
#include <vector>

namespace patchferry {

/// patchferry verify BUNDLE... --trust KEY.pub|DIR
int cmd_verify(std::vector<std::string> arguments);
/// patchferry inspect BUNDLE...
int cmd_inspect(std::vector<std::string> arguments);

}  // namespace patchferry
