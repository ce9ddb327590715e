// SPDX-License-Identifier: Apache-2.0
#include "importer/feed_text.h"

#include <nlohmann/json.hpp>

#include "importer/archives.h"
#include "importer/commands.h"
#include "importer/outcome_text.h"
#include "importer/waiting_text.h"
#include "terminal/output.h"

namespace patchferry::importer {

void print_report(const FeedReport& report) {
  for (const auto& [feed, move] : report.moves)
    if (move.from != move.to) print(move.name + " is " + word_for(move.to) + " in " + feed);
  std::uint64_t enabled = 0;
  for (const auto& one : report.kept) {
    if (one.state == FeedState::enabled)
      ++enabled;
    else
      note(one.patchset + " stays " + word_for(one.state) + " in " + one.feed);
  }
  if (enabled != 0) note(count_text(enabled, "patchset") + " enabled already");
  print_waiting(report.waiting);
  print_published(report.published);
}

nlohmann::json report_json(const FeedReport& report) {
  auto changes = nlohmann::json::array();
  for (const auto& [feed, move] : report.moves)
    if (move.from != move.to)
      changes.push_back({{"feed", feed}, {"patchset", move.name}, {"from", word_for(move.from)}, {"to", word_for(move.to)}});
  auto kept = nlohmann::json::array();
  for (const auto& one : report.kept)
    kept.push_back({{"feed", one.feed}, {"patchset", one.patchset}, {"state", word_for(one.state)}});
  auto published = nlohmann::json::array();
  for (const auto& one : report.published)
    published.push_back({{"feed", one.feed}, {"generation", one.generation}, {"reissued", one.reissued}});
  auto not_put_back = nlohmann::json::array();
  for (const auto& one : report.not_put_back) not_put_back.push_back({{"feed", one.feed}, {"patchset", one.patchset}});
  auto waiting = nlohmann::json::array();
  for (const auto& one : report.waiting) {
    waiting.push_back(waiting_json(one));
    waiting.back()["feed"] = one.feed.name;
  }
  return {{"changes", changes}, {"kept", kept}, {"not_put_back", not_put_back}, {"published", published}, {"waiting", waiting}};
}

int finish(const Arguments& args, const Result<FeedReport>& report) { return finish(args, report, nlohmann::json::object()); }

int finish(const Arguments& args, const Result<FeedReport>& report, const nlohmann::json& more) {
  if (!report) return patchferry::report(report.error());
  auto document = report_json(*report);
  document.update(more);
  if (args.has("json"))
    print(document.dump(2));
  else if (!is_quiet())
    print_report(*report);
  for (const auto& one : report->stale) error_line(one.text, one.hint);
  for (const auto& one : report->not_put_back)
    error_line(one.patchset + " is not put back into " + one.feed + ": it has been cleaned away since",
               "'patchferry deploy' takes its archive, as long as it lies in trash/; else a bundle brings it again");
  if (!report->stale.empty() || !report->not_put_back.empty()) return kInPart;
  return is_idle(*report) ? kNothingToDo : kDone;
}

void warn_of_automatic(const std::vector<Feed>& feeds) {
  for (const auto& feed : feeds)
    if (feed.automatic)
      note("feed " + feed.name + " still takes new releases by itself; 'patchferry feed change " + feed.name +
           " --no-auto' stops that");
}

}  // namespace patchferry::importer
