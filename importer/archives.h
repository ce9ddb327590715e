// SPDX-License-Identifier: Apache-2.0
// arch/ out of recipes and contents: archives that came taken apart, made again byte for byte. Feeds do not wait for it.
//
// An archive appears in arch/ only when it is complete, durable and has the hash that the exporter has signed; then the
// database takes note. Interrupted, the rest stays pending, and the same command goes on.
#pragma once

#include <vector>

#include "importer/archives_report.h"
#include "importer/catalogue.h"

namespace patchferry::importer {

/// One after the other, each on all cores; fills in done, pending and failed. Memory: a recipe, and some blocks of bzip2 a core.
void rebuild_archives(Site& site, const std::vector<KnownPatchset>& wanted, ArchivesReport& report);

}  // namespace patchferry::importer
