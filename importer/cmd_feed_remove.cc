// SPDX-License-Identifier: Apache-2.0
// patchferry feed remove: one group of servers less.
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/feeds.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"json", "one JSON document: removed", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry feed remove --base DIR NAME",
    "Removes a feed and what it shows; its agents find nothing from then on. Patchsets stay. main cannot be removed.",
    kOptions,
    "patchferry feed remove --base /var/lib/patchferry test",
};

}  // namespace

int cmd_feed_remove(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 1) throw UsageError("one name is needed", "see 'patchferry feed remove --help'");
  Site site = open_site(args);
  recover(site);
  const Feed feed = find_feed(site, args.positional().front());
  remove_feed(site, feed);
  if (args.has("json"))
    print(nlohmann::json({{"removed", feed.name}}).dump(2));
  else if (!is_quiet())
    print("feed " + feed.name + " is removed; agents that name it as their prefix find nothing there now");
  return kDone;
}

}  // namespace patchferry::importer
