// SPDX-License-Identifier: Apache-2.0
// Contents that objects/ has lost, taken out of what is here: out of the archive in arch/, or, if all that the recipe names
// is here, out of the stream that it describes. No bundle is needed. Patchsets that came before contents were written down
// are read in the same way, once, and written down.
#pragma once

#include "importer/archives_report.h"
#include "importer/site.h"

namespace patchferry::importer {

/// Fills in mended and failed: trees too that could not be laid out again (trees.h). What neither arch/ nor a recipe holds is left to a bundle, without a word: the receipt
/// leaves its patchset out. An archive is compared with its SHA-256 before it is believed.
void mend_contents(Site& site, ArchivesReport& report);

/// Lays out again, of contents and archives that are here, the trees of resources/ that are gone as a whole; fills in as above.
void mend_trees(Site& site, ArchivesReport& report);

}  // namespace patchferry::importer
