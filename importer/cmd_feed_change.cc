// SPDX-License-Identifier: Apache-2.0
// patchferry feed change: how a feed fills itself.
#include "importer/commands.h"
#include "importer/feed_rules.h"
#include "importer/feed_text.h"
#include "importer/rule_options.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr auto kOptions = joined(
    std::array{
        kBaseOption,
        OptionSpec{"auto", "put in what is here, unless somebody took it out, and what imports bring", nullptr},
        OptionSpec{"no-auto", "leave the feed as it is until somebody changes it", nullptr},
    },
    kRuleOptions,
    std::array{
        kNoWaitOption,
        OptionSpec{"json", "one JSON document: changes[], kept[], published[], waiting[]", nullptr},
    });
constexpr CommandSpec kSpec = {
    "patchferry feed change --base DIR [--auto|--no-auto] [RULES] NAME",
    "Changes whether a feed takes new patchsets by itself, and by which rules. What that makes due is taken at once. Lists (--approver,\n"
    "--window) replace those there were. docs/policy.md has recipes.",
    kOptions,
    "patchferry feed change --base /var/lib/patchferry main --deploy-after 48 --urgent 9.0",
};

}  // namespace

int cmd_feed_change(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 1) throw UsageError("one name is needed", "see 'patchferry feed change --help'");
  if (args.has("auto") && args.has("no-auto"))
    throw UsageError("--auto and --no-auto contradict each other", "leave one of them out");
  if (!args.has("auto") && !args.has("no-auto") && !has_rule_options(args))
    throw UsageError("--auto, --no-auto or a rule is needed", "see 'patchferry feed change --help'");
  Site site = open_site(args);
  recover(site);
  const Feed feed = find_feed(site, args.positional().front());
  const bool automatic = args.has("auto") || (feed.automatic && !args.has("no-auto"));
  const Rules rules = with_options(rules_of(site, feed), args);
  const bool changed = change_feed(site, feed, automatic, rules);
  Result<FeedReport> report = FeedReport();
  if (automatic) report = update_feeds(site, {feed}, "");
  const int code = finish(args, report);
  if (changed && !args.has("json") && !is_quiet()) {
    const std::string text = rules_text(rules);
    print("feed " + feed.name + (automatic ? " takes new releases by itself" : " waits for you") +
          (text.empty() ? "" : "; rules: " + text));
    if (!automatic && !text.empty()) note("the rules of feed " + feed.name + " count once it is automatic (--auto)");
  }
  return code == kNothingToDo && changed ? kDone : code;
}

}  // namespace patchferry::importer
