// SPDX-License-Identifier: Apache-2.0
// patchferry tick: what time has made due. A timer runs it (packaging/systemd).
#include "importer/commands.h"
#include "importer/feed_text.h"
#include "importer/trash.h"
#include "terminal/output.h"
#include <nlohmann/json.hpp>

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"json", "one JSON document: changes[], kept[], published[], waiting[], trash", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry tick --base DIR",
    "Lets every automatic feed take what its rules allow by now, ends the time of levels that lingered, and empties the trash of what is over\n"
    "its time. A timer runs it every few minutes; by hand it does no harm.",
    kOptions,
    "patchferry tick --base /var/lib/patchferry",
};

}  // namespace

int cmd_tick(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  take_no_more(args, "tick");
  Site site = open_site(args);
  recover(site);
  Result<FeedReport> report = update_feeds(site, feeds_that_take(site, {}, true).ruled, "", "tick");
  if (report) {
    report->kept.clear();                            // what people have decided is no news to a timer
    if (!args.has("json")) report->waiting.clear();  // nor is what waits still: 'list' says it
  }
  if (report)
    for (auto& one : let_go(site)) report->published.push_back(std::move(one));
  const Emptied emptied = empty_trash(site);
  const int code = finish(args, report, {{"trash", {{"emptied", emptied.bytes}}}});
  if (!emptied.folders.empty() && !args.has("json") && !is_quiet())
    print("the trash was emptied of what was over its time: " + size_text(emptied.bytes));
  return code == kNothingToDo && ((report && !report->published.empty()) || !emptied.folders.empty()) ? kDone : code;
}

}  // namespace patchferry::importer
