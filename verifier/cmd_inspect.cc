// SPDX-License-Identifier: Apache-2.0
// patchferry inspect: what a bundle says of itself.
#include <nlohmann/json.hpp>

#include "system/calendar.h"
#include "terminal/command.h"
#include "terminal/output.h"
#include "verifier/bundle_text.h"
#include "verifier/commands.h"
#include "verifier/verify.h"

namespace patchferry {

namespace {

constexpr OptionSpec kOptions[] = {
    {"trust", "check the description against this key as well (the payload is left to 'patchferry verify')", "KEY.pub|TRUSTDIR",
     true},
    {"json", "one JSON document: verified, site, sequence, patchsets, ...", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry inspect BUNDLE... [--trust KEY.pub|TRUSTDIR] [--json]",
    "Prints what a bundle says that it holds. Without --trust none of it is verified: anybody could have written it.",
    kOptions,
    "patchferry inspect /media/usb/patchferry-plant1-000001",
};

/// The same facts, whether believed or not.
struct Facts {
  Statement statement;
  std::optional<Manifest> manifest;
  std::vector<std::uint32_t> missing;
  std::string key;  // fingerprint of the first root key, if nobody vouches for it
};

void print_json(const Facts& facts, bool verified) {
  auto patchsets = nlohmann::json::array();
  if (facts.manifest)
    for (const auto& p : facts.manifest->patchsets) patchsets.push_back(p.name.patchset.text);
  print(nlohmann::json({{"verified", verified},
                        {"bundle", to_hex(facts.statement.bundle.bytes)},
                        {"sequence", facts.statement.sequence},
                        {"site", facts.manifest ? nlohmann::json(facts.manifest->site) : nlohmann::json(nullptr)},
                        {"created", facts.statement.created},
                        {"stream", to_hex(facts.statement.stream.bytes)},
                        {"encrypted", facts.statement.is_encrypted()},
                        {"volumes", facts.statement.volumes},
                        {"missing_volumes", facts.missing},
                        {"payload_bytes", facts.statement.payload_bytes},
                        {"patchsets", patchsets}})
            .dump(2));
}

}  // namespace

int cmd_inspect(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  const bool verified = args.has("trust");
  Findings findings;
  std::optional<Facts> facts;
  if (verified) {
    const auto anchors = load_trust(args.values("trust"));
    if (!anchors) return report(anchors.error());
    const Judge judge{*anchors, nullptr};
    if (auto bundle = examine(open_media(args.positional(), findings), judge, findings)) {
      auto missing = bundle->missing();
      facts = Facts{bundle->statement(), std::move(*bundle).manifest(), std::move(missing), ""};
    }
  } else if (auto claims = read_claims(open_media(args.positional(), findings), findings)) {
    facts = Facts{claims->statement, std::move(claims->manifest), claims->missing, founder_of(claims->first_root)};
  }
  for (const auto& finding : findings) report(finding);
  if (!facts) return kRefused;
  if (args.has("json")) {
    print_json(*facts, verified && findings.empty());
  } else {
    print(verified ? "The description is verified; run 'patchferry verify' for the payload."
                   : "UNVERIFIED: this is what the bundle says of itself; anybody could have written it.");
    print(bundle_line(facts->statement, facts->manifest));
    if (!facts->key.empty()) print("signed in the name of " + facts->key + " (unverified)");
    for (const auto number : facts->missing) print("volume " + std::to_string(number) + " is not here");
    if (facts->manifest) print_patchsets(*facts->manifest);
  }
  return findings.empty() ? kDone : kRefused;
}

}  // namespace patchferry
