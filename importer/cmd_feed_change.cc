// SPDX-License-Identifier: Apache-2.0
// patchferry feed change: how a feed fills itself.
#include "importer/commands.h"
#include "importer/feed_text.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"auto", "put in what is here, unless somebody took it out, and what imports bring", nullptr},
    {"no-auto", "leave the feed as it is until somebody changes it", nullptr},
    kNoWaitOption,
    {"json", "one JSON document: changes[], kept[], published[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry feed change --base DIR --auto|--no-auto NAME",
    "Changes whether a feed takes new patchsets by itself.",
    kOptions,
    "patchferry feed change --base /var/lib/patchferry --no-auto main",
};

}  // namespace

int cmd_feed_change(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 1) throw UsageError("one name is needed", "see 'patchferry feed change --help'");
  if (args.has("auto") == args.has("no-auto"))
    throw UsageError("--auto or --no-auto is needed", "see 'patchferry feed change --help'");
  Site site = open_site(args);
  recover(site);
  const Feed feed = find_feed(site, args.positional().front());
  const bool changed = set_automatic(site, feed, args.has("auto"));
  Result<FeedReport> report = FeedReport();
  if (args.has("auto")) report = update_feeds(site, {feed}, "");
  const int code = finish(args, report);
  if (changed && !args.has("json") && !is_quiet())
    print("feed " + feed.name + (args.has("auto") ? " takes new releases by itself" : " waits for you"));
  return code == kNothingToDo && changed ? kDone : code;
}

}  // namespace patchferry::importer
