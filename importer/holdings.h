// SPDX-License-Identifier: Apache-2.0
// Which patchsets this site holds: one answer for the receipt, the plan of an import, and what arch/ is owed.
//
// An exporter takes every regular file of every patchset in a receipt for granted, as a base for deltas. So to hold a
// patchset is to have all its contents in objects/, as they were written down when it came, and its archive in arch/, or
// what that is made again from. Files are judged by presence and size; their bytes are not read, but for recipes.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "importer/catalogue.h"
#include "system/refusal.h"

namespace patchferry::importer {

/// A view for one pass: each object is looked for once. What is put in place after that, it does not see.
class Holdings {
 public:
  explicit Holdings(Site& site) : site_(site) {}

  bool holds(const KnownPatchset& patchset) { return has_contents(patchset) && has_archive(patchset); }
  /// False too if it came before contents were written down: nobody knows then (mend.h finds out).
  bool has_contents(const KnownPatchset& patchset);
  /// In arch/, or it can be made again, whether or not a person wants it there.
  bool has_archive(const KnownPatchset& patchset);
  /// It has a recipe, and what that needs is here. Reads no recipe, unless something else of the patchset is not here.
  bool can_be_made(const KnownPatchset& patchset);
  /// That the recipe and all contents that it names are here. Refused: incomplete, malformed, too_large.
  Result<void> check_parts(const KnownPatchset& patchset);

 private:
  bool is_here(const Digest& object, std::uint64_t bytes);

  Site& site_;
  std::map<Digest, std::optional<std::uint64_t>> sizes_;  // of objects that were looked for; none: not here
};

/// What there is of its archive, for programs: "present", "pending", "never" (as a person wants), "missing".
const char* archive_word(const Site& site, Holdings& holdings, const KnownPatchset& patchset);

/// Those with a recipe whose archive arch/ is to hold and does not, as far as is known, in release order: pending ones, and
/// those of which it was lost. `also_never`: those too that a person wanted none of.
std::vector<KnownPatchset> owed(Site& site, bool also_never = false);

}  // namespace patchferry::importer
