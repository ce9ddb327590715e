// SPDX-License-Identifier: Apache-2.0
// What the base remembers of patchsets that were cleaned away (cleaning/clean.h), and of those that are about to be.
//
// An exporter builds on whatever the newest receipt lists. So a patchset that a receipt has promised leaves in two steps: it
// is `leaving`, the next receipt lists it as cleaned, and only then its files go. The names stay, so that every later receipt
// goes on listing them, and exporters do not ship them again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bundle-format/hash.h"
#include "bundle-format/receipt.h"
#include "importer/feeds.h"
#include "importer/site.h"

namespace patchferry::importer {

/// In byte order.
std::vector<std::string> cleaned_names(Site& site);
struct CleanedPatchset {
  Digest archive{};
  bool is_signed = false;  // release keys had signed for it
};
/// None: it was not here, or it is here again.
std::optional<CleanedPatchset> cleaned_patchset(Site& site, const std::string& name);
/// In byte order.
std::vector<std::string> leaving_names(Site& site);

/// What the newest receipt has promised, in byte order.
std::vector<std::string> promised_names(Site& site);
bool has_issued_receipt(Site& site);
/// It is about to be written: what is in it is promised too.
void add_promise(Site& site, const Receipt& receipt);
/// It has been written: what is in it is promised from now on, and nothing else.
void record_promise(Site& site, const Receipt& receipt);

/// Of a patchset that is here again, within the caller's transaction: it counts as new, and what feeds once made of it is
/// theirs to roll back to.
void forget_cleaned(Site& site, const std::string& name, std::int64_t patchset);

/// Names that were enabled in the feed at `revision` and have been cleaned away since.
std::vector<std::string> cleaned_since(Site& site, const Feed& feed, std::uint64_t revision);

}  // namespace patchferry::importer
