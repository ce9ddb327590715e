// SPDX-License-Identifier: Apache-2.0
// patchferry head make: a signed word on which bundle is the newest.
#include "mirror/commands.h"
#include "mirror/notice_order.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

constexpr OptionSpec kOptions[] = {
    kNoticeStore,   kNoticeSite,
    kNoticeKey,     kNoticePassword,
    kNoticeTrust,   {"challenge", "what the site shows because its ledger was put back, such as 4F7K-Q2P7", "CODE"},
    kNoticeExpires, kNoticeOut,
    kNoticeQr,      kNoticeJson,
};
constexpr CommandSpec kSpec = {
    "patchferry head make --store DIR --site NAME --key KEY.key [--trust TRUSTDIR] [--challenge CODE] [--out FILE] [--qr]",
    "Makes a head token: the number of the newest bundle that was made for a site, signed. It goes by file, paper, QR code or phone,\n"
    "past the courier who may hold bundles back; 'patchferry head take' at the site takes it.",
    kOptions,
    "patchferry head make --store /srv/store --site plant1 --key ops-key.key --qr",
};

}  // namespace

int cmd_head_make(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (!args.positional().empty()) throw UsageError("'head make' takes no argument " + printable(args.positional().front()));
  const std::string site = args.required("site");
  args.required("key");
  Challenge challenge{};
  if (args.has("challenge")) {
    const auto decoded = decode_challenge(args.required("challenge"));
    if (!decoded) throw UsageError("'" + printable(args.required("challenge")) + "' is not a challenge", decoded.error().hint);
    challenge = *decoded;
  }
  Store store(args.required("store"), Store::Open::existing);
  const auto shipments = store.shipments(site);
  if (shipments.empty())
    throw UsageError("no bundle was ever made for site " + printable(site), "look with 'patchferry mirror site list'");
  const auto authority = load_authority(args.has("trust") ? args.required("trust") : "", Role::head,
                                        load_signers(args.values("key"), args.values("password-file")));
  if (!authority) return report(authority.error());
  if (shipments.back().domain && *shipments.back().domain != authority->domain())
    throw UsageError("the newest bundle for site " + printable(site) + " was signed in the name of another trust domain, " +
                         fingerprint(*shipments.back().domain),
                     args.has("trust") ? "give the root documents under which it was signed" : "give them with --trust TRUSTDIR");
  Notice notice = notice_of(store, site, shipments.back(), *authority, args);
  notice.kind = NoticeKind::head;
  notice.challenge = challenge;
  const auto text = sign_notice(notice, *authority);
  if (!text) return report(text.error());
  deliver_notice(*text, notice, args);
  return kDone;
}

}  // namespace patchferry::mirror
