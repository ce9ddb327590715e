// SPDX-License-Identifier: Apache-2.0
#include "mirror/site_receipt.h"

#include "system/failure.h"
#include "system/file.h"

namespace patchferry::mirror {

Result<GivenReceipt> read_site_receipt(Store& store, const std::string& path, const std::string& site) {
  if (!exists(path)) throw UsageError("there is no receipt " + path, "the site writes it with 'patchferry receipt --out FILE'");
  const auto bytes = read_whole(path, kMaxReceipt);
  GivenReceipt given;
  given.text = bytes ? as_text(*bytes) : std::string_view();
  auto receipt = decode_receipt(given.text);
  if (!receipt) return tl::unexpected(std::move(receipt.error()).in(path));
  if (receipt->receipt.site != site)
    return tl::unexpected(Refusal{RefusalKind::wrong_site, "the receipt is of site " + receipt->receipt.site + ", not " + site,
                                  "give the receipt of the site that the bundle is for", path});
  const auto first = store.is_first_receipt(*receipt);
  if (!first) return tl::unexpected(Refusal(first.error()).in(path));
  given.receipt = std::move(*receipt);
  given.first = *first;
  return given;
}

}  // namespace patchferry::mirror
