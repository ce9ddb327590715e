// SPDX-License-Identifier: Apache-2.0
// Running another program to its end and reading what it says. Arguments are passed as they are: no shell sees them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace patchferry {

struct ToolOutcome {
  int code = -1;     // exit code; 128 + signal if a signal ended it
  std::string said;  // stdout and stderr as they came, without the last newline; of much text, the first 64 KiB
};

/// The full path of a program: in the absolute folders of PATH, else in /usr/sbin, /sbin (which the PATH of people other than root
/// lacks).
std::optional<std::string> find_tool(const std::string& name);

/// Runs `program` (a path) with an empty standard input, in the C locale. SystemFailure if it cannot be started.
ToolOutcome run_tool(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace patchferry
