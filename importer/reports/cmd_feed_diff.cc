// SPDX-License-Identifier: Apache-2.0
// patchferry feed diff: what a feed would gain and lose if it became like another.
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/reports/commands.h"
#include "importer/reports/feed_difference.h"
#include "importer/reports/protection_text.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"html", "write a report to this file as well: one page that loads nothing, to be read, printed and signed", "FILE"},
    {"json", "one JSON document: feed, like, same, patchsets, cves, kernels, unread", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry feed diff --base DIR [--html FILE] FEED OTHER",
    "Shows what servers that follow OTHER would gain and lose if it became like FEED: CVEs, kernels and their levels, patchsets.\n"
    "It changes nothing. Exit 4 if both show the same.",
    kOptions,
    "patchferry feed diff --base /var/lib/patchferry test main",
};

nlohmann::json json_of(const FeedDifference& d) {
  return {{"feed", d.feed},
          {"like", d.like},
          {"same", d.is_same()},
          {"patchsets", {{"gained", names_of(d.taken)}, {"lost", names_of(d.dropped)}}},
          {"cves", change_json(d.change)},
          {"kernels", kernels_json(d.change)},
          {"unread", unread_json(d.change)}};
}

}  // namespace

int cmd_feed_diff(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 2) throw UsageError("the names of two feeds are needed", "see 'patchferry feed diff --help'");
  if (args.has("html")) check_report_path(args.required("html"));
  Site site = open_site(args);
  recover(site);
  const Feed like = find_feed(site, args.positional()[0]);
  const Feed feed = find_feed(site, args.positional()[1]);
  const FeedDifference found = difference(site, feed, like);
  if (args.has("html")) write_report(args.required("html"), difference_page(found, site.name(), now()));
  if (args.has("json"))
    print(json_of(found).dump(2));
  else if (found.is_same())
    note("feeds " + like.name + " and " + feed.name + " show the same");
  else if (!is_quiet())
    print_difference(found);
  return found.is_same() ? kNothingToDo : kDone;
}

}  // namespace patchferry::importer
