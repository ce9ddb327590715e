// SPDX-License-Identifier: Apache-2.0
#include "importer/promote.h"

#include "importer/catalogue.h"
#include "importer/feed_rules.h"
#include "system/calendar.h"
#include "system/failure.h"

namespace patchferry::importer {

namespace {

/// What a person has said against it: the first two of the reasons. The others are for what feeds do by themselves.
Rules lasting(const Rules& rules) {
  Rules out;
  out.sticky = rules.sticky;
  out.channel = Channel::unstable;
  return out;
}

}  // namespace

Result<FeedReport> promote(Site& site, const PromoteOrder& order) {
  if (order.from.id == order.to.id)
    throw UsageError("feed " + order.to.name + " cannot be promoted to itself", "name two feeds: FROM and TO");
  const Rules rules = lasting(rules_of(site, order.to));
  const auto words = words_in(site, order.to);
  const Zone zone = machine_zone();
  FeedReport report;
  std::vector<FeedMove> moves;
  for (const auto& p : patchsets(site)) {
    const PatchsetName& name = p.name.patchset;
    if (order.up_to && (name.product != order.up_to->product || name > *order.up_to)) continue;
    if (p.feeds.at(order.from.name) != FeedState::enabled) continue;
    const FeedState state = p.feeds.at(order.to.name);
    if (state == FeedState::enabled) continue;
    if (state != FeedState::undeployed) {
      report.kept.push_back({order.to.name, name.text, state});
      continue;
    }
    Waiting what = offered(p).what;
    const auto word = words.find(name.text);
    what.rejected = word != words.end() && word->second.word == Word::rejected;
    const Verdict verdict = judge(rules, what, now(), zone);
    if (verdict.takes())
      moves.push_back({p.id, name.text, state, FeedState::enabled});
    else
      report.waiting.push_back({order.to, p.id, name.text, verdict, sentence(verdict, rules, what, zone)});
  }
  return move_in_feed(site, order.to, std::move(moves), "feed promote", order.only_plan, std::move(report));
}

}  // namespace patchferry::importer
