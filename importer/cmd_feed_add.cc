// SPDX-License-Identifier: Apache-2.0
// patchferry feed add: one more group of servers.
#include "importer/commands.h"
#include "importer/feed_text.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"auto", "put in what is here, and what imports bring", nullptr},
    {"like", "put in what this feed has", "FEED"},
    kNoWaitOption,
    {"json", "one JSON document: changes[], kept[], published[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry feed add --base DIR [--auto] [--like FEED] NAME",
    "Makes a feed: an ordered set of patchsets that a group of servers follows. Agents name it as PREFIX. It begins empty.",
    kOptions,
    "patchferry feed add --base /var/lib/patchferry --like main test",
};

}  // namespace

int cmd_feed_add(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 1) throw UsageError("one name is needed", "see 'patchferry feed add --help'");
  if (args.has("auto") && args.has("like")) throw UsageError("--auto takes all there is, so --like has no meaning beside it");
  Site site = open_site(args);
  recover(site);
  std::optional<Feed> model;
  if (args.has("like")) model = find_feed(site, args.required("like"));
  const Feed feed = add_feed(site, args.positional().front(), args.has("auto"));
  Result<FeedReport> report = FeedReport();
  if (args.has("auto")) report = update_feeds(site, {feed}, "");
  if (model) report = copy_states(site, *model, feed);
  if (!report) remove_feed(site, feed);
  const int code = finish(args, report);
  if (report && !args.has("json") && !is_quiet()) print("feed " + feed.name + " is made");
  return code == kNothingToDo ? kDone : code;
}

}  // namespace patchferry::importer
