// SPDX-License-Identifier: Apache-2.0
// patchferry feed add: one more group of servers.
#include "importer/commands.h"
#include "importer/feed_text.h"
#include "importer/rule_options.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr auto kOptions = joined(
    std::array{
        kBaseOption,
        OptionSpec{"auto", "put in what is here, and what imports bring", nullptr},
        OptionSpec{"like", "put in what this feed has", "FEED"},
        OptionSpec{"preset",
                   "an automatic feed of this name, so many hours after the release: what agents with this PREFIX expect",
                   "12h|24h|48h"},
    },
    kRuleOptions,
    std::array{
        kNoWaitOption,
        OptionSpec{"json", "one JSON document: changes[], kept[], published[], waiting[]", nullptr},
    });
constexpr CommandSpec kSpec = {
    "patchferry feed add --base DIR [--auto] [--like FEED] [--preset 12h|24h|48h] [RULES] NAME",
    "Makes a feed: an ordered set of patchsets that a group of servers follows. Agents name it as PREFIX. It begins empty.\n"
    "docs/policy.md has recipes for rules.",
    kOptions,
    "patchferry feed add --base /var/lib/patchferry --like main test",
};

struct Preset {
  const char* name;
  unsigned hours;
};
constexpr Preset kPresets[] = {{"12h", 12}, {"24h", 24}, {"48h", 48}};

Preset preset_of(const Arguments& args) {
  for (const auto& one : kPresets)
    if (args.value("preset") == one.name) return one;
  throw UsageError("--preset takes 12h, 24h or 48h, not '" + printable(args.value("preset")) + "'",
                   "other delays: --deploy-after HOURS");
}

}  // namespace

int cmd_feed_add(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  const bool has_preset = args.has("preset");
  if (args.positional().size() > 1 || (args.positional().empty() && !has_preset))
    throw UsageError("one name is needed", "see 'patchferry feed add --help'");
  if (args.has("auto") && args.has("like")) throw UsageError("--auto takes all there is, so --like has no meaning beside it");
  Rules rules;
  std::string name = args.positional().empty() ? "" : args.positional().front();
  if (has_preset) {
    const Preset preset = preset_of(args);
    if (args.has("like")) throw UsageError("--preset takes all that is old enough, so --like has no meaning beside it");
    if (args.has("deploy-after")) throw UsageError("--preset and --deploy-after contradict each other", "leave one of them out");
    rules.delay_hours = preset.hours;
    if (name.empty()) name = preset.name;
  }
  const bool automatic = args.has("auto") || has_preset;
  rules = with_options(rules, args);
  Site site = open_site(args);
  recover(site);
  std::optional<Feed> model;
  if (args.has("like")) model = find_feed(site, args.required("like"));
  const Feed feed = add_feed(site, name, automatic, rules);
  Result<FeedReport> report = FeedReport();
  if (automatic) report = update_feeds(site, {feed}, "");
  if (model) report = copy_states(site, *model, feed);
  if (!report) remove_feed(site, feed);
  const int code = finish(args, report);
  if (report && !args.has("json") && !is_quiet()) {
    const std::string text = rules_text(rules);
    print("feed " + feed.name + " is made" + (text.empty() ? "" : "; rules: " + text));
    if (!automatic && !text.empty())
      note("the rules of feed " + feed.name + " count once it is automatic ('feed change --auto')");
  }
  return code == kNothingToDo ? kDone : code;
}

}  // namespace patchferry::importer
