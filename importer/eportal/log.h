// SPDX-License-Identifier: Apache-2.0
// The vendor's log lines, on stderr, in local time:
//
//   2021-12-02 01:25:06,555 - eportal.patches - INFO - K04082020_1 was enabled in main
//
// What other rooms say by note(), warn() and error_line() comes out in the same form (terminal/voice.h).
#pragma once

#include <string>

#include "terminal/voice.h"

namespace patchferry::importer::eportal {

/// A line as above, without its end.
std::string log_line(Tone tone, const std::string& text);

}  // namespace patchferry::importer::eportal
