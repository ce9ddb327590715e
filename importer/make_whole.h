// SPDX-License-Identifier: Apache-2.0
// What is on disk made to agree with the database, as far as that goes without a bundle: contents and trees first
// (mend.h), since archives are made of contents (archives.h).
#pragma once

#include "importer/archives_report.h"
#include "importer/site.h"

namespace patchferry::importer {

/// `also_never`: archives too that a person wanted none of. `product`: archives of it alone; "" for all. Contents are of no product.
ArchivesReport make_whole(Site& site, bool also_never, const std::string& product = "");

/// Of a command that has done this and nothing else.
int exit_code(const ArchivesReport& report);

}  // namespace patchferry::importer
