// SPDX-License-Identifier: Apache-2.0
// patchferry feed list: the feeds, what is in them, and the generations to go back to.
#include <map>
#include <nlohmann/json.hpp>

#include "importer/catalogue.h"
#include "importer/commands.h"
#include "importer/feed_rules.h"
#include "importer/feeds.h"
#include "importer/rules/rules_json.h"
#include "system/calendar.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"json", "one JSON document: feeds[] with name, auto, generation, enabled, disabled, undeployed, newest, rules, generations",
     nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry feed list --base DIR",
    "Lists the feeds: how many patchsets they have, the newest of each product, and the generations that 'feed rollback' can go back to.",
    kOptions,
    "patchferry feed list --base /var/lib/patchferry",
};

constexpr std::size_t kShown = 5;  // generations, to people

struct Summary {
  std::map<FeedState, std::uint64_t> count;
  std::map<std::string, std::string> newest;  // enabled, by product
};

Summary summary_of(const Feed& feed, const std::vector<KnownPatchset>& all) {
  Summary out;
  for (const auto& p : all) {
    ++out.count[p.feeds.at(feed.name)];
    if (p.feeds.at(feed.name) == FeedState::enabled) out.newest[p.name.patchset.product] = p.name.patchset.text;
  }
  return out;
}

nlohmann::json json_of(const Feed& feed, const Rules& rules, Summary summary, const std::vector<GenerationRecord>& generations) {
  auto kept = nlohmann::json::array();
  for (const auto& one : generations) kept.push_back({{"number", one.number}, {"at", one.at}});
  return {{"name", feed.name},
          {"auto", feed.automatic},
          {"generation", feed.generation},
          {"enabled", summary.count[FeedState::enabled]},
          {"disabled", summary.count[FeedState::disabled]},
          {"undeployed", summary.count[FeedState::undeployed]},
          {"withdrawn", summary.count[FeedState::withdrawn]},
          {"newest", summary.newest},
          {"rules", rules_json(rules)},
          {"generations", kept}};
}

std::string newest_text(const Summary& summary) {
  std::string out;
  for (const auto& [product, name] : summary.newest) out += (out.empty() ? "" : " ") + name;
  return out.empty() ? "-" : out;
}

std::string generations_text(const std::vector<GenerationRecord>& all) {
  std::string out;
  for (std::size_t i = all.size() - std::min(all.size(), kShown); i < all.size(); ++i)
    out += (out.empty() ? "" : " ") + std::to_string(all[i].number);
  return out;
}

}  // namespace

int cmd_feed_list(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  take_no_more(args, "feed list");
  Site site = open_site(args);
  recover(site);
  const auto all = patchsets(site);
  auto out = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& feed : feeds(site)) {
    Summary summary = summary_of(feed, all);
    const auto generations = generations_of(site, feed);
    const Rules rules = rules_of(site, feed);
    const std::string text = rules_text(rules);
    rows.push_back({feed.name, feed.automatic ? "auto" : "by hand", std::to_string(summary.count[FeedState::enabled]),
                    std::to_string(summary.count[FeedState::disabled]), std::to_string(summary.count[FeedState::undeployed]),
                    newest_text(summary), generations_text(generations), text.empty() ? "-" : text});
    out.push_back(json_of(feed, rules, std::move(summary), generations));
  }
  if (args.has("json"))
    print(nlohmann::json({{"feeds", out}}).dump(2));
  else
    print_table({"FEED", "FILLS", "ENABLED", "DISABLED", "UNDEPLOYED", "NEWEST", "GENERATIONS", "RULES"}, rows);
  return kDone;
}

}  // namespace patchferry::importer
