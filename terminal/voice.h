// SPDX-License-Identifier: Apache-2.0
// Who speaks on stderr. note(), warn() and error_line() say "patchferry: …"; a program that speaks another's grammar says
// the same things in that one's words, whichever room they come from.
#pragma once

#include <string>

namespace patchferry {

enum class Tone { note, warning, error };

/// One line, without its end; an error has its hint behind it.
using Voice = std::string (*)(Tone tone, const std::string& text);

/// From now on; before anything has been said, and before threads are there.
void speak_as(Voice voice);

}  // namespace patchferry
