// SPDX-License-Identifier: Apache-2.0
// What a site has, and so what it lacks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bundle-format/manifest.h"
#include "bundle-format/receipt.h"
#include "mirror/store.h"

namespace patchferry::mirror {

/// All that the store holds, in release order, and what the vendor has withdrawn.
struct Snapshot {
  std::vector<StoredPatchset> patchsets;
  std::vector<std::string> withdrawn;  // ascending
  std::string channel = {};            // what is less stable is not shipped; "": everything is
};

/// What the exporter may build on. Never the hope that the last stick arrived.
struct SiteState {
  enum class Basis {
    nothing,  // --full
    receipt,  // the site has said so, signed
    shipped,  // --assume-delivered: what was shipped long enough ago; the site refuses if it did not come
  };
  std::string site;
  Basis basis = Basis::nothing;
  std::optional<Receipt> receipt;     // of Basis::receipt
  std::vector<ManifestNeed> assumed;  // of Basis::shipped, ascending by name
  std::vector<std::string> told;      // withdrawals that the site knows, or that are assumed to have come; ascending
  std::uint32_t root_version = 0;     // that the site knows, or that is assumed to have come; 0: none
};

/// What --assume-delivered `keep` builds on: full bundles, and shipments before the last `keep`.
SiteState assume_delivered(Store& store, const std::string& site, std::uint64_t keep);
SiteState state_of_receipt(const Receipt& receipt, const Digest& domain);

struct Missing {
  SiteState site;
  std::vector<StoredPatchset> patchsets;  // to ship, in release order
  std::vector<StoredPatchset> present;    // that the bundle may build on
  std::vector<std::string> differing;     // of `patchsets`: the site says that it has other bytes under these names
  std::vector<std::string> withdrawn;     // that no receipt has confirmed; ascending
  bool tells_news = false;                // a withdrawal or a root document that the site does not know
  bool is_empty() const { return patchsets.empty() && !tells_news; }
};

Snapshot scan(Store& store);

/// What of `snapshot` the site lacks: not present there, not cleaned away there, not withdrawn. Where the site has other
/// bytes under a name, it lacks these: its importer judges which of the two somebody has signed. `root_version`: of the documents that the bundle will carry.
Missing select(const Snapshot& snapshot, SiteState site, std::uint32_t root_version);

}  // namespace patchferry::mirror
