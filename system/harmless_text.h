// SPDX-License-Identifier: Apache-2.0
// Text from anywhere, made fit for a terminal, a log line or JSON: the last thing before it is shown. What is harmless stays as
// it is, so that it may be applied twice; names that are judged, not shown, go through printable() (rel_path.h).
#pragma once

#include <string>
#include <string_view>

namespace patchferry {

/// Control characters (line ends too), what is no UTF-8, and characters that turn the direction of writing or cannot be seen
/// become \xNN, byte by byte.
std::string harmless(std::string_view text);

}  // namespace patchferry
