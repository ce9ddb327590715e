// SPDX-License-Identifier: Apache-2.0
#include "mirror/select.h"

#include <algorithm>

namespace patchferry::mirror {

Snapshot scan(Store& store) { return {store.patchsets()}; }

Result<Missing> select(const Snapshot& snapshot, SiteState site) {
  Missing missing{std::move(site), {}};
  const auto& receipt = missing.site.receipt;
  for (const auto& patchset : snapshot.patchsets) {
    const std::string& name = patchset.name.patchset.text;
    if (receipt) {
      if (std::binary_search(receipt->cleaned.begin(), receipt->cleaned.end(), name)) continue;
      const auto there = std::lower_bound(receipt->patchsets.begin(), receipt->patchsets.end(), name,
                                          [](const ReceiptPatchset& p, const std::string& n) { return p.name < n; });
      if (there != receipt->patchsets.end() && there->name == name) {
        if (there->archive != patchset.archive)
          return refuse(RefusalKind::conflict, "site " + receipt->site + " has other bytes for " + name + " than this store",
                        "find out from the vendor's checksums which of the two is right, before anything is shipped");
        continue;
      }
    }
    missing.patchsets.push_back(patchset);
  }
  return missing;
}

}  // namespace patchferry::mirror
