// SPDX-License-Identifier: Apache-2.0
// patchferry permit make: allows one site, until its next import, to go back to an older bundle.
#include "mirror/commands.h"
#include "mirror/notice_order.h"
#include "mirror/site_receipt.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"
#include "terminal/size.h"

namespace patchferry::mirror {

namespace {

constexpr OptionSpec kOptions[] = {
    kNoticeStore,
    kNoticeSite,
    {"bundle", "the number of the bundle to go back to", "NUMBER"},
    {"receipt", "a receipt that the site has made since its last import (default: the newest one seen)", "FILE"},
    kNoticeKey,
    kNoticePassword,
    kNoticeTrust,
    kNoticeExpires,
    kNoticeOut,
    kNoticeQr,
    kNoticeJson,
};
constexpr CommandSpec kSpec = {
    "patchferry permit make --store DIR --site NAME --bundle NUMBER --key KEY.key [--receipt FILE] [--trust TRUSTDIR] [--out FILE]",
    "Makes a permit to go back to an older bundle, for the state that the site is in now; it is void after the site's next import.\n"
    "'patchferry import --rollback PERMIT BUNDLE' there imports the older bundle again and disables what came after it.",
    kOptions,
    "patchferry permit make --store /srv/store --site plant1 --bundle 1 --key ops-key.key --out plant1.permit",
};

/// What the site says that it has imported last.
Result<Receipt> receipt_for(Store& store, const Arguments& args) {
  const std::string site = args.required("site");
  if (args.has("receipt")) {
    auto given = read_site_receipt(store, args.required("receipt"), site);
    if (!given) return tl::unexpected(std::move(given.error()));
    return given->receipt.receipt;
  }
  const auto newest = store.newest_receipt(site);
  if (!newest) throw UsageError("no receipt of site " + printable(site) + " has come here", "give a fresh one with --receipt");
  return *newest;
}

std::uint64_t number_of(const std::string& text) {
  const auto number = parse_number(text, 1ULL << 53);
  if (!number) throw UsageError("'" + printable(text) + "' is not a bundle's number", "its folder's name ends in it");
  return *number;
}

}  // namespace

int cmd_permit_make(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (!args.positional().empty()) throw UsageError("'permit make' takes no argument " + printable(args.positional().front()));
  const std::string site = args.required("site");
  const std::uint64_t number = number_of(args.required("bundle"));
  args.required("key");
  Store store(args.required("store"), Store::Open::existing);
  const auto shipments = store.shipments(site);
  const ShippedBundle* target = nullptr;
  for (const auto& shipment : shipments)
    if (shipment.sequence == number) target = &shipment;
  if (target == nullptr)
    throw UsageError("no bundle " + std::to_string(number) + " was made for site " + printable(site),
                     "its folder's name ends in its number");
  const auto receipt = receipt_for(store, args);
  if (!receipt) return report(receipt.error());
  const ReceiptStream* position = receipt->find(store.stream());
  if (position == nullptr || position->sequence <= number)
    throw UsageError("by its receipt, site " + site + " is not past bundle " + std::to_string(number),
                     "an import needs no permit then; or give a fresh receipt with --receipt");
  const auto authority = load_authority(args.has("trust") ? args.required("trust") : "", Role::release,
                                        load_signers(args.values("key"), args.values("password-file")));
  if (!authority) return report(authority.error());
  Notice notice = notice_of(store, site, *target, *authority, args);
  notice.kind = NoticeKind::permit;
  notice.last = position->statement;
  const auto text = sign_notice(notice, *authority);
  if (!text) return report(text.error());
  deliver_notice(*text, notice, args);
  return kDone;
}

}  // namespace patchferry::mirror
