// SPDX-License-Identifier: Apache-2.0
#include "mirror/site_receipt.h"

#include <algorithm>
#include <fmt/format.h>

#include "system/failure.h"
#include "system/file.h"
#include "verifier/ledger_rules.h"

namespace patchferry::mirror {

namespace {

/// Nobody has vouched for the key of a first receipt, and the number in it is taken for good.
Result<void> judge_first(Store& store, const Receipt& receipt) {
  std::uint64_t seen = 0;
  for (const auto& stream : receipt.streams) seen = std::max(seen, stream.sequence);
  const auto made = store.shipments(receipt.site);
  const std::uint64_t ours = made.empty() ? 0 : made.back().sequence;
  if (seen <= ours + kUsualJump) return {};
  return refuse(RefusalKind::bad_receipt,
                fmt::format("this first receipt of site {} speaks of bundle {}, and {} is the last one made here", receipt.site,
                            seen, ours),
                "if it is right, pin the site's key first: patchferry mirror site add --key SITE.pub");
}

}  // namespace

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
  if (*first)
    if (auto likely = judge_first(store, receipt->receipt); !likely) return tl::unexpected(std::move(likely.error()).in(path));
  given.receipt = std::move(*receipt);
  given.first = *first;
  return given;
}

}  // namespace patchferry::mirror
