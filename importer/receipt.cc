// SPDX-License-Identifier: Apache-2.0
#include "importer/receipt.h"

#include <algorithm>

#include "importer/cleaned.h"
#include "importer/holdings.h"
#include "importer/ledger.h"
#include "importer/roots.h"
#include "system/calendar.h"
#include "system/file.h"

namespace patchferry::importer {

SiteReceipt receipt_of(Site& site) {
  SiteReceipt out;
  Receipt& r = out.receipt;
  const LedgerView view = ledger(site);
  r.site = site.name();
  r.encryption = site.secret().decryption.public_half();
  for (const auto& anchor : anchors(site).anchors) r.domains.push_back({anchor.domain, anchor.version, anchor.root.epoch});
  for (const auto& stream : view.streams) {
    const LedgerEntry* last = view.last(stream);
    r.streams.push_back(last != nullptr ? ReceiptStream{stream, last->epoch, last->sequence, last->statement}
                                        : ReceiptStream{stream, 0, 0, {}});
  }
  r.issued = now();
  r.free_bytes = free_bytes(site.base());
  Holdings holdings(site);
  const auto leaving = leaving_names(site);
  r.cleaned = cleaned_names(site);
  for (const auto& p : patchsets(site)) {
    const std::string& name = p.name.patchset.text;
    if (std::binary_search(leaving.begin(), leaving.end(), name))
      r.cleaned.push_back(name);
    else if (holdings.holds(p))
      r.patchsets.push_back({name, p.archive});
    else
      out.left_out.push_back(name);
  }
  std::sort(r.patchsets.begin(), r.patchsets.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::sort(r.cleaned.begin(), r.cleaned.end());
  r.withdrawn = withdrawn_names(site);
  return out;
}

}  // namespace patchferry::importer
