// SPDX-License-Identifier: Apache-2.0
// patchferry deploy: archives without a bundle.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "bundle-format/channel.h"
#include "importer/commands.h"
#include "importer/deploy.h"
#include "importer/feed_text.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"feed", "enable them in this feed (default: main)", "FEED", true},
    {"disabled", "store them, and keep them out of the feed until 'patchferry enable'", nullptr},
    {"channel", "the vendor's channel that they came by: default, test or unstable", "CHANNEL"},
    {"signature", "the signature of the one archive (default: ARCHIVE.sig, where there is one)", "FILE"},
    {"signed", "refuse archives without a signature", nullptr},
    kNoWaitOption,
    {"json", "one JSON document: stored[], signed[], restored[], moved[], refused[], changes[], kept[], published[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry deploy --base DIR [--feed FEED]... [--disabled] [--signature FILE|--signed] ARCHIVE...",
    "Stores archives that came without a bundle, and enables them in a feed, in release order. They are checked as in an import, but\n"
    "nobody vouches for one without a signature ('patchferry sign ARCHIVE'), and 'list' says so.",
    kOptions,
    "patchferry deploy --base /var/lib/patchferry --feed main /tmp/K20260105_01.tar.bz2",
};

nlohmann::json json_of(const DeployReport& done) {
  auto out = report_json(done.feeds);
  auto refused = nlohmann::json::array();
  for (const auto& r : done.refused) refused.push_back({{"file", r.where}, {"kind", name_of(r.kind)}, {"text", r.text}});
  out["stored"] = done.stored;
  out["restored"] = done.restored;
  out["moved"] = done.moved;
  out["signed"] = done.signed_by_keys;
  out["refused"] = refused;
  return out;
}

}  // namespace

int exit_code(const DeployReport& done) {
  const bool idle =
      done.stored.empty() && done.restored.empty() && done.moved.empty() && done.signed_by_keys.empty() && is_idle(done.feeds);
  if (!done.feeds.stale.empty()) return kInPart;
  if (!done.refused.empty()) return idle ? kRefused : kInPart;
  return idle ? kNothingToDo : kDone;
}

int cmd_deploy(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  DeployOrder order;
  order.archives = args.positional();
  order.feeds = args.values("feed");
  order.enable = !args.has("disabled");
  order.needs_signature = args.has("signed");
  if (args.has("channel")) order.channel = channel_typed(args.required("channel"));
  if (args.has("signature")) order.signature = args.required("signature");
  if (order.archives.empty()) throw UsageError("which archive?", "see 'patchferry deploy --help'");
  if (!order.signature.empty() && order.archives.size() != 1)
    throw UsageError("--signature goes with one archive", "beside several, name each signature ARCHIVE.sig");
  Site site = open_site(args);
  recover(site);
  const DeployReport done = deploy(site, order);
  if (args.has("json")) {
    print(json_of(done).dump(2));
  } else if (!is_quiet()) {
    print(count_text(done.stored.size(), "patchset") + " stored, " + std::to_string(done.signed_by_keys.size()) + " signed, " +
          std::to_string(done.refused.size()) + " refused");
    for (const auto& name : done.signed_by_keys)
      if (std::find(done.stored.begin(), done.stored.end(), name) == done.stored.end())
        print(name + " was here already, and is signed");
    for (const auto& name : done.moved) print(name + " is in channel " + order.channel + " now");
    for (const auto& name : done.restored) print("arch/ has the archive of " + name + " again");
    print_report(done.feeds);
  }
  for (const auto& r : done.refused) report(r);
  for (const auto& one : done.feeds.stale) error_line(one.text, one.hint);
  return exit_code(done);
}

}  // namespace patchferry::importer
