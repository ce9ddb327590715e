// SPDX-License-Identifier: Apache-2.0
// patchferry enable, disable, enable-upto, undeploy-downto: patchsets into feeds and out of them.
#include "importer/commands.h"
#include "importer/feed_text.h"
#include "system/failure.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"feed", "the feed to change (default: main)", "FEED", true},
    kNoWaitOption,
    {"json", "one JSON document: changes[], kept[], published[]", nullptr},
};
constexpr CommandSpec kEnable = {
    "patchferry enable --base DIR [--feed FEED]... NAME...",
    "Puts patchsets into a feed, disabled ones too. Agents get the newest level that enabled patchsets have for their kernel.",
    kOptions,
    "patchferry enable --base /var/lib/patchferry --feed main K20260114_02",
};
constexpr CommandSpec kDisable = {
    "patchferry disable --base DIR [--feed FEED]... NAME...",
    "Takes patchsets out of a feed, and keeps them out: neither imports and updates nor enable-upto put them in again, only enable does.",
    kOptions,
    "patchferry disable --base /var/lib/patchferry --feed main K20260114_02",
};
constexpr CommandSpec kEnableUpto = {
    "patchferry enable-upto --base DIR [--feed FEED]... NAME",
    "Puts a patchset and all older ones of its product into a feed, but for disabled ones.",
    kOptions,
    "patchferry enable-upto --base /var/lib/patchferry --feed main K20260114_02",
};
constexpr CommandSpec kUndeployDownto = {
    "patchferry undeploy-downto --base DIR [--feed FEED]... NAME",
    "Takes a patchset and all newer ones of its product out of a feed, but leaves disabled ones disabled. Nothing automatic puts them\n"
    "in again; enable and enable-upto do.",
    kOptions,
    "patchferry undeploy-downto --base /var/lib/patchferry --feed main K20260114_02",
};

int act(const CommandSpec& spec, FeedAction action, const std::vector<std::string>& arguments) {
  const Arguments args(spec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().empty())
    throw UsageError("which patchset?", std::string("see 'patchferry ") + word_for(action) + " --help'");
  Site site = open_site(args);
  recover(site);
  const auto feeds = find_feeds(site, args.values("feed"));
  const int code = finish(args, change_feeds(site, feeds, action, args.positional()));
  if (action == FeedAction::undeploy_downto) warn_of_automatic(feeds);
  return code;
}

}  // namespace

int cmd_enable(std::vector<std::string> arguments) { return act(kEnable, FeedAction::enable, arguments); }
int cmd_disable(std::vector<std::string> arguments) { return act(kDisable, FeedAction::disable, arguments); }
int cmd_enable_upto(std::vector<std::string> arguments) { return act(kEnableUpto, FeedAction::enable_upto, arguments); }
int cmd_undeploy_downto(std::vector<std::string> arguments) {
  return act(kUndeployDownto, FeedAction::undeploy_downto, arguments);
}

}  // namespace patchferry::importer
