// SPDX-License-Identifier: Apache-2.0
#include "importer/eportal/feed_lines.h"

#include "importer/waiting_text.h"
#include "terminal/output.h"

namespace patchferry::importer::eportal {

namespace {

std::string line_of(const FeedReport::Kept& kept) {
  const std::string& name = kept.patchset;
  const std::string& feed = kept.feed;
  switch (kept.state) {
    case FeedState::withdrawn: return name + " was withdrawn by the vendor and is not enabled in " + feed;
    case FeedState::disabled:
      return name + " stays disabled in " + feed + "; 'patchferry enable --feed " + feed + " " + name + "' puts it in";
    case FeedState::undeployed: return name + " was taken out of " + feed + " by hand and stays out";
    case FeedState::enabled: break;
  }
  return name + " is already enabled in " + feed;
}

}  // namespace

void log_moves(const FeedReport& report) {
  for (const auto& [feed, move] : report.moves) {
    if (move.from == move.to) continue;
    note(move.name + " was " + word_for(move.to) + " in " + feed);
  }
  for (const auto& line : waiting_lines(report.waiting)) note(line);
}

void log_kept(const FeedReport& report) {
  for (const auto& one : report.kept) {
    if (one.state == FeedState::enabled)
      note(line_of(one));
    else
      warn(line_of(one));
  }
}

void log_troubles(const FeedReport& report) {
  for (const auto& one : report.published)
    for (const auto& level : one.reissued)
      warn(level + " was issued again: " + one.feed + " serves it out of the newest enabled patchset");
  for (const auto& one : report.stale) error_line(one.text, one.hint);
}

}  // namespace patchferry::importer::eportal
