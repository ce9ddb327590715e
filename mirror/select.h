// SPDX-License-Identifier: Apache-2.0
// What a site has, and so what it lacks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bundle-format/receipt.h"
#include "mirror/store.h"

namespace patchferry::mirror {

/// All that the store holds, in release order.
struct Snapshot {
  std::vector<StoredPatchset> patchsets;
};

/// What the exporter may build on: nothing (full), or a receipt. Never the hope that the last stick arrived.
struct SiteState {
  std::string site;
  std::optional<Receipt> receipt;
};

struct Missing {
  SiteState site;
  std::vector<StoredPatchset> patchsets;  // to ship, in release order
};

Snapshot scan(Store& store);

/// What of `snapshot` the site lacks: not present there, and not cleaned away there. Conflict if the site has other
/// bytes under a name that the store knows.
Result<Missing> select(const Snapshot& snapshot, SiteState site);

}  // namespace patchferry::mirror
