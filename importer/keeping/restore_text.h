// SPDX-License-Identifier: Apache-2.0
// What a restore has done, and what is to be done now, for people.
#pragma once

#include "importer/keeping/restore.h"

namespace patchferry::importer::keeping {

/// On stdout.
void print_restored(const RestoreOrder& order, const RestoreReport& done);
/// On stderr; returns the exit code.
int say_failures(const RestoreReport& done);

}  // namespace patchferry::importer::keeping
