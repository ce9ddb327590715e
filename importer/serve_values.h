// SPDX-License-Identifier: Apache-2.0
// Values that an administrator gives and that are to stand in a web server's configuration: each is checked by its own grammar,
// and comes back as it is to be written. UsageError if it is not one. `what` names it in the error.
#pragma once

#include <string>

namespace patchferry::importer {

/// "80", "192.0.2.1:80", "*:80", "[2001:db8::1]:80".
std::string listen_value(const std::string& text);

/// "patches.example.org", "*.example.org", "192.0.2.1", "[2001:db8::1]"; in lower case.
std::string server_name_value(const std::string& text);

/// An absolute path, in double quotes. Without quotes, backslashes, control characters, and the dollar sign, for which nginx
/// knows no escape.
std::string path_value(const char* what, const std::string& path);

/// The name of a user of the machine.
std::string user_value(const std::string& text);

}  // namespace patchferry::importer
