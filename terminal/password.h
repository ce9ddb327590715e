// SPDX-License-Identifier: Apache-2.0
// Passwords: typed unseen on the terminal, or out of a file for scripts.
#pragma once

#include <string>

namespace patchferry {

/// Asks on /dev/tty. UsageError without a terminal (hint: --password-file), or if the two typed ones differ.
std::string ask_password(const std::string& prompt, bool twice);

/// The first line of `path`.
std::string password_from(const std::string& path);

}  // namespace patchferry
