// SPDX-License-Identifier: Apache-2.0
// A patchset leaves the database: what feeds, receipts and reports need of it stays by name (cleaned.h). Its files leave for the
// trash.
#pragma once

#include <string>

#include "importer/catalogue.h"
#include "importer/site.h"

namespace patchferry::importer {

enum class Remember {
  name,     // receipts go on listing it as cleaned
  nothing,  // something else takes its place
};

/// Within the caller's transaction. Feeds that show anything of it are to publish.
void forget_patchset(Site& site, const KnownPatchset& patchset, Remember remember);

/// Within the caller's transaction: its tree, and with `archive` what arch/ has of it, are to be moved to a folder of the trash (trash.h).
void move_to_trash(Site& site, const KnownPatchset& patchset, const std::string& trash, bool archive);

}  // namespace patchferry::importer
