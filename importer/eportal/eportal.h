// SPDX-License-Identifier: Apache-2.0
// kc.eportal: what patchferry-site does, in the vendor's grammar, for habits and scripts that were there before us
// (docs/eportal.md). Nothing is decided here: each word calls the same functions as a command of ours.
//
// Exit codes are those of terminal/command.h, but that nothing to do is 0. What goes to stderr is in the vendor's log
// format (log.h), usage errors apart: those look as argparse's.
#pragma once

namespace patchferry::importer::eportal {

/// By the name that the program was called by.
bool is_meant(int argc, char** argv);

int run(int argc, char** argv);

}  // namespace patchferry::importer::eportal
