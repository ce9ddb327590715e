// SPDX-License-Identifier: Apache-2.0
#include "importer/reports/plan_effect_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "importer/plan_text.h"
#include "importer/reports/protection_text.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

void print_headlines(const PlanEffect& effect) {
  for (const auto& feed : effect.feeds) {
    const auto lines = headlines(feed.change);
    for (const auto& line : lines) print("Feed " + feed.feed + ": " + line);
  }
}

void print_details(const PlanEffect& effect) {
  for (const auto& feed : effect.feeds) {
    if (feed.change.lost.empty() && feed.change.kernels.empty()) continue;
    print("Feed " + feed.feed + ":");
    print_lost(feed.change);
    print_kernels(feed.change);
  }
}

}  // namespace

void print_explained(const Plan& plan, const PlanEffect& effect) {
  print_taken_out(plan);
  print_headlines(effect);
  print_plan(plan);
  print_details(effect);
}

void add_effect(const Plan& plan, const PlanEffect& effect, nlohmann::json& document) {
  unsigned top = 0;
  for (const auto& one : plan.gained) top = std::max(top, one.cvss_tenths);
  auto& cves = document["cves"];
  cves["lost"] = cves_json(effect.lost);
  cves["highest"] = score_json(top);
  cves["highest_lost"] = score_json(highest(effect.lost));
  for (const auto& feed : effect.feeds) {
    auto& here = document["feeds"][feed.feed];
    if (!here.contains("enable")) here = {{"enable", feed.enable}, {"disable", feed.disable}};
    here["cves"] = change_json(feed.change);
    here["kernels"] = kernels_json(feed.change);
    here["unread"] = unread_json(feed.change);
  }
}

}  // namespace patchferry::importer
