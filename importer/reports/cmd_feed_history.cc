// SPDX-License-Identifier: Apache-2.0
// patchferry feed history: what changed in each generation of a feed.
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/reports/commands.h"
#include "importer/reports/feed_history.h"
#include "importer/reports/protection_text.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"
#include "terminal/size.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"limit", "only the newest N generations", "N"},
    {"json", "one JSON document: feed, generations[] with number, at, current, changes", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry feed history --base DIR [--limit N] FEED",
    "Shows the generations of a feed, the newest first: when it was published, and what changed in it by which command. Who typed that,\n"
    "'patchferry log --feed FEED' tells.",
    kOptions,
    "patchferry feed history --base /var/lib/patchferry main --limit 10",
};

constexpr std::size_t kNamed = 4;  // patchsets a line, to people

std::size_t limit_of(const Arguments& args) {
  if (!args.has("limit")) return 0;
  const std::string text = args.required("limit");
  const auto number = parse_number(text, 1ULL << 32);
  if (!number || *number == 0) throw UsageError("'" + printable(text) + "' is not a number of generations");
  return *number;
}

nlohmann::json json_of(const Feed& feed, const std::vector<HistoryEntry>& all) {
  auto generations = nlohmann::json::array();
  for (const auto& entry : all) {
    auto changes = nlohmann::json::array();
    for (const auto& one : entry.changes)
      changes.push_back({{"patchset", one.patchset}, {"from", one.from}, {"to", one.to}, {"by", one.by}});
    const auto& g = entry.generation;
    generations.push_back({{"number", g.number},
                           {"at", g.at == 0 ? nlohmann::json(nullptr) : nlohmann::json(g.at)},
                           {"current", g.number == feed.generation},
                           {"changes", changes}});
  }
  return {{"feed", feed.name}, {"generations", generations}};
}

/// Neighbours that say the same of several patchsets are one line.
std::vector<std::vector<std::string>> rows_of(const HistoryEntry& entry) {
  const auto& g = entry.generation;
  const std::string number = std::to_string(g.number);
  const std::string at = g.at == 0 ? "not known" : time_text(g.at);
  if (entry.changes.empty())
    return {{number, at, "", g.at == 0 ? "from before changes were written down" : "no patchset changed"}};
  std::vector<std::vector<std::string>> out;
  for (auto begin = entry.changes.begin(); begin != entry.changes.end();) {
    std::vector<std::string> names;
    auto end = begin;
    for (; end != entry.changes.end() && end->from == begin->from && end->to == begin->to && end->by == begin->by; ++end)
      names.push_back(end->patchset);
    const std::string move = begin->from == begin->to ? "stays " + begin->to : begin->from + " to " + begin->to;
    out.push_back({out.empty() ? number : "", out.empty() ? at : "", begin->by, some_of(names, kNamed) + ": " + move});
    begin = end;
  }
  return out;
}

}  // namespace

int cmd_feed_history(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 1) throw UsageError("the name of one feed is needed", "see 'patchferry feed history --help'");
  const std::size_t limit = limit_of(args);
  Site site = open_site(args);
  recover(site);
  const Feed feed = find_feed(site, args.positional().front());
  const auto all = history_of(site, feed, limit);
  if (args.has("json")) {
    print(json_of(feed, all).dump(2));
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& entry : all)
    for (auto& row : rows_of(entry)) rows.push_back(std::move(row));
  print_table({"GENERATION", "TIME", "BY", "CHANGE"}, rows);
  return kDone;
}

}  // namespace patchferry::importer
