// SPDX-License-Identifier: Apache-2.0
// What became of feeds, as log lines: "K04082020_1 was enabled in main".
#pragma once

#include "importer/feed_work.h"

namespace patchferry::importer::eportal {

void log_moves(const FeedReport& report);
/// What stays as a person or the vendor has decided: a line each.
void log_kept(const FeedReport& report);
/// Levels that were issued again, and trees that could not be laid out.
void log_troubles(const FeedReport& report);

}  // namespace patchferry::importer::eportal
