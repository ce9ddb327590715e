// SPDX-License-Identifier: Apache-2.0
// patchferry feed rollback: a feed shows again what it showed before.
#include "importer/commands.h"
#include "importer/feed_text.h"
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
    {"json", "one JSON document: changes[], kept[], not_put_back[], published[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry feed rollback --base DIR [--to NUMBER] FEED",
    "Makes a feed show again what an earlier generation showed, as a new generation. What that takes out, nothing automatic puts in\n"
    "again. What was disabled since, or withdrawn by the vendor, stays out; what was cleaned away is named (exit 5). Typed twice, it comes\nback to where it was; --to says which generation is meant.",
    kOptions,
    "patchferry feed rollback --base /var/lib/patchferry main",
};

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
  const Result<FeedReport> done = roll_back_feed(site, feed, to);
  const int code = finish(args, done);
  const std::size_t kept = done->kept.size();
  if (!args.has("json") && !is_quiet() && code == kDone)
    print("feed " + feed.name + " shows what generation " + std::to_string(*to) + " showed" +
          (kept == 0 ? "" : ", but for " + count_text(kept, "patchset")));
  warn_of_automatic({feed});
  return code;
}

}  // namespace patchferry::importer
