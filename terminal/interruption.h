// SPDX-License-Identifier: Apache-2.0
// What a person sees when Ctrl-C or a signal ends a program: a line that says so, and a terminal that shows again what is
// typed. The program then ends by that very signal, as it would without this, so that shells see it. Everything that a command
// writes is safe to be cut off anywhere, so nothing else is to be done.
#pragma once

#include <string>
#include <termios.h>

namespace patchferry {

/// From now on SIGINT and SIGTERM say "<name>: interrupted; type the same command again" on stderr. One that was ignored when the
/// program began, as in the background of a script, stays ignored. Programs that are run from here begin without it.
void tell_when_interrupted(const std::string& name);

/// While it lives, whatever signal a terminal sends puts the settings back before the program ends. One at a time.
class RestoredOnSignal {
 public:
  RestoredOnSignal(int terminal, const termios& settings);
  ~RestoredOnSignal();
  RestoredOnSignal(const RestoredOnSignal&) = delete;
  RestoredOnSignal& operator=(const RestoredOnSignal&) = delete;
};

}  // namespace patchferry
