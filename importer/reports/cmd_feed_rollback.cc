// SPDX-License-Identifier: Apache-2.0
// patchferry feed rollback: a feed shows again what it showed before, and what servers lose by that is said.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/feed_text.h"
#include "importer/reports/commands.h"
#include "importer/reports/coverage.h"
#include "importer/reports/protection_text.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"
#include "terminal/size.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"to", "the generation to go back to (default: the one before the last change)", "NUMBER"},
    kNoWaitOption,
    {"json", "one JSON document: changes[], kept[], not_put_back[], published[], cves{}, kernels[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry feed rollback --base DIR [--to NUMBER] FEED",
    "Makes a feed show again what an earlier generation showed, as a new generation. What that takes out, nothing automatic puts in\n"
    "again. What was disabled since, or withdrawn by the vendor, stays out; what was cleaned away is named (exit 5). Typed twice, it comes\nback to where it was; --to says which generation is meant. What servers lose by it is said, and if the feed serves nothing then.",
    kOptions,
    "patchferry feed rollback --base /var/lib/patchferry main",
};

/// On stderr, even with --json or --quiet: whoever goes back rarely means to leave servers without patches.
void warn_of_loss(const Feed& feed, const ProtectionChange& change, bool shows_nothing) {
  for (const auto& line : headlines(change))
    if (line.starts_with("LOST") || line.starts_with("NO LONGER SERVED") || line.starts_with("LOWERED")) warn(line);
  if (shows_nothing && !change.kernels.empty())
    warn("feed " + feed.name + " serves nothing now; it served " + std::to_string(change.kernels.size()) +
         " kernels and build ids before. The same command once more goes back");
}

}  // namespace

int cmd_feed_rollback(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 1) throw UsageError("one feed is needed", "see 'patchferry feed rollback --help'");
  std::optional<std::uint64_t> to;
  if (args.has("to")) {
    to = parse_number(args.required("to"), 1ULL << 53);
    if (!to)
      throw UsageError("'" + printable(args.required("to")) + "' is not a generation's number",
                       "'patchferry feed list' tells them");
  }
  Site site = open_site(args);
  recover(site);
  const Feed feed = find_feed(site, args.positional().front());
  const Shown before = shown_in(site, feed);
  const Result<FeedReport> done = roll_back_feed(site, feed, to);
  const Shown after = shown_in(site, feed);
  const ProtectionChange change = compare_feeds(site, before, after);
  const int code = finish(args, done, {{"cves", change_json(change)}, {"kernels", kernels_json(change)}});
  const std::size_t kept = done->kept.size();
  if (!args.has("json") && !is_quiet() && code == kDone)
    print("feed " + feed.name + " shows what generation " + std::to_string(*to) + " showed" +
          (kept == 0 ? "" : ", but for " + count_text(kept, "patchset")));
  warn_of_loss(feed, change, after.empty());
  warn_of_automatic({feed});
  return code;
}

}  // namespace patchferry::importer
