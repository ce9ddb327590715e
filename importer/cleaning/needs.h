// SPDX-License-Identifier: Apache-2.0
// Which objects patchsets need, and what it frees that one goes.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "importer/catalogue.h"
#include "importer/site.h"

namespace patchferry::importer {

class ObjectNeeds {
 public:
  /// Of all patchsets but `without`: contents and recipes. 32 bytes of memory for each.
  ObjectNeeds(Site& site, const std::set<std::int64_t>& without);

  bool needs(const Digest& object) const;
  /// Patchsets whose contents were never written down: what else they need, nobody knows.
  const std::vector<std::string>& unread() const { return unread_; }

 private:
  std::vector<Digest> needed_;  // ascending
  std::vector<std::string> unread_;
};

/// Every object that lies in objects/: calls `each(hash, path)`.
void for_each_object(const Site& site, const std::function<void(const Digest&, const std::string&)>& each);

/// What a patchset's files take that goes with it: archive, files of its own in its tree, and those of its objects that `others` do not need.
/// An object is counted once for each `seen`.
std::uint64_t bytes_freed(Site& site, const KnownPatchset& patchset, const ObjectNeeds& others, std::set<Digest>& seen);

}  // namespace patchferry::importer
