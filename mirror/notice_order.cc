// SPDX-License-Identifier: Apache-2.0
#include "mirror/notice_order.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "system/atomic_file.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/rel_path.h"
#include "terminal/output.h"
#include "terminal/qr.h"
#include "terminal/size.h"

namespace patchferry::mirror {

namespace {

std::uint64_t days_of(const std::string& text) {
  const auto days = parse_number(text, 100'000);
  if (!days || *days == 0) throw UsageError("'" + printable(text) + "' is not a number of days", "give a whole number");
  return *days;
}

}  // namespace

Notice notice_of(Store& store, const std::string& site, const ShippedBundle& shipment, const Authority& authority,
                 const Arguments& args) {
  Notice notice;
  notice.trust_domain = authority.domain();
  notice.audience = audience_of(site);
  notice.stream = store.stream();
  notice.epoch = shipment.epoch;
  notice.root_version = authority.root.version;
  notice.sequence = shipment.sequence;
  notice.statement = shipment.statement;
  notice.created = now();
  if (args.has("expires")) notice.expires = notice.created + days_of(args.required("expires")) * 86400;
  return notice;
}

Result<std::string> sign_notice(const Notice& notice, const Authority& authority) {
  const Role role = role_for(notice.kind);
  if (authority.signers.size() < authority.needed(role))
    return refuse(RefusalKind::threshold,
                  fmt::format("{} of the {} keys that the role '{}' needs", authority.signers.size(), authority.needed(role),
                              name_of(role)),
                  "give --key for each of them: a token is signed in one go");
  const Envelope envelope = sign_with(authority.all(), document_type(notice.kind), encode_notice(notice));
  return encode_token(token_of(notice, authority.root, envelope));
}

void deliver_notice(const std::string& text, const Notice& notice, const Arguments& args) {
  if (args.has("out")) {
    const std::string out = args.required("out");
    if (is_folder(out)) throw UsageError(out + " is a folder", "name a file in it");
    write_file(out, as_bytes(text + "\n"));
  }
  if (args.has("json")) {
    print(nlohmann::json({{"token", text},
                          {"site", args.required("site")},
                          {"sequence", notice.sequence},
                          {"made", notice.created},
                          {"out", args.has("out") ? nlohmann::json(args.required("out")) : nlohmann::json(nullptr)}})
              .dump(2));
    return;
  }
  print(text);
  if (args.has("qr")) {
    std::string tight = text;
    std::erase(tight, ' ');
    print_qr(tight);
  }
}

}  // namespace patchferry::mirror
