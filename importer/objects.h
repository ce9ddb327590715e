// SPDX-License-Identifier: Apache-2.0
// Where contents lie: BASE/objects/, and while a bundle comes in, WORK/objects/ as well. One of another size than it must
// have counts as missing: a disk has lost part of it, and it may be brought again.
#pragma once

#include <optional>
#include <string>

#include "bundle-format/archive/recipe_source.h"
#include "importer/site.h"

namespace patchferry::importer {

/// Incomplete.
tl::unexpected<Refusal> missing_object(const Digest& hash);

/// When an object says that it was modified, in seconds since 1970: made of its hash, always past. Web servers tell contents
/// apart by time and size (their ETag), and a level can be issued again in the same second and size.
std::uint64_t modified_for(const Digest& hash);

class Objects {
 public:
  /// `fresh`: WORK/objects, or "" for what the base has.
  explicit Objects(const Site& site, std::string fresh = "") : site_(site), fresh_(std::move(fresh)) {}

  /// Nullopt: it is not here, or not `bytes` long.
  std::optional<std::string> find(const Digest& hash, std::uint64_t bytes) const;
  bool in_base(const Digest& hash, std::uint64_t bytes) const;
  /// For recipes: refused (incomplete) if it is not here.
  Result<Fd> open(const Digest& hash, std::uint64_t bytes) const;
  OpenContent opener() const;
  /// The recipe that is kept as this object. Refused: incomplete, malformed, too_large.
  Result<Recipe> recipe(const Digest& hash) const;

 private:
  const Site& site_;
  std::string fresh_;
};

}  // namespace patchferry::importer
