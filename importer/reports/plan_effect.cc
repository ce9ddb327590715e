// SPDX-License-Identifier: Apache-2.0
#include "importer/reports/plan_effect.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "importer/reports/coverage.h"

namespace patchferry::importer {

namespace {

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// True if the feed takes something of this bundle, or may.
bool may_take(const Plan& plan, const Feed& feed) {
  const auto feeds = plan.takers.all();
  return std::any_of(feeds.begin(), feeds.end(), [&](const Feed& f) { return f.id == feed.id; });
}

/// What the feed takes at once: row ids of what is here, names of what only the bundle has.
struct TakenNow {
  std::set<std::int64_t> known;
  std::set<std::string> fresh;
};
TakenNow taken_now(const Plan& plan, const Feed& feed) {
  TakenNow out;
  for (const auto& one : plan.judged) {
    if (one.feed.id != feed.id || !one.verdict.takes()) continue;
    if (one.patchset != 0)
      out.known.insert(one.patchset);
    else
      out.fresh.insert(one.name);
  }
  return out;
}

/// What the feed shows now, and afterwards of what is here.
Alternative alternative_for(Site& site, const Plan& plan, const Feed& feed, const std::vector<KnownPatchset>& all,
                            FeedEffect& effect) {
  Alternative out{shown_in(site, feed), {}};
  const auto taken = taken_now(plan, feed).known;
  for (const auto& p : all) {
    const std::string& name = p.name.patchset.text;
    const bool was_shown = out.before.count(p.id) != 0;
    bool is_shown = was_shown || taken.count(p.id) != 0;
    if (holds(plan.enabled, name)) {
      const auto in = would_enable_in(site, p.id);
      if (std::find(in.begin(), in.end(), feed.id) != in.end()) is_shown = true;
    }
    if (holds(plan.disabled, name) || holds(plan.withdrawn, name)) is_shown = false;
    if (is_shown) out.after.insert(p.id);
    if (is_shown != was_shown) (is_shown ? effect.enable : effect.disable).push_back(name);
  }
  return out;
}

/// Of one feed, while its parts come together.
struct Draft {
  FeedEffect effect;
  std::map<std::string, std::vector<const ManifestFix*>>
      brought;                                               // by kernel: of the plan, what new patchsets are the first to close
  std::map<std::string, std::vector<LevelChange>> affected;  // by kernel: what the feed has of these, changed or not
  std::vector<LevelChange> changes;                          // of what is here
  bool brings = false;                                       // it takes something new
};

void bring(const Plan& plan, const Feed& feed, Draft& draft) {
  const auto taken = taken_now(plan, feed).fresh;
  for (const auto& p : plan.fresh) {
    const std::string& name = p.name.patchset.text;
    if (taken.count(name) == 0 || holds(plan.refused, name)) continue;
    draft.effect.enable.push_back(name);
    draft.brings = true;
    for (const auto& fix : p.fixes)
      for (const auto kernel : fix.kernels) draft.brought[plan.kernels.at(kernel)].push_back(&fix);
  }
}

/// True if every level that the feed has for this kernel closes it.
bool is_closed(const std::vector<std::vector<CveFix>>& levels, const std::string& cve) {
  return !levels.empty() && std::all_of(levels.begin(), levels.end(), [&](const auto& fixes) {
    return std::binary_search(fixes.begin(), fixes.end(), CveFix{cve, 0},
                              [](const CveFix& a, const CveFix& b) { return a.cve < b.cve; });
  });
}

void add_all(CveTable& table, const std::vector<CveChange>& changes) {
  for (const auto& one : changes)
    for (const auto& kernel : one.kernels) table.add({one.cve, one.cvss_tenths}, kernel);
}

/// Joins what the bundle's description says to what is known of the patchsets that are here.
void join(const ReadInfo& read, Draft& draft) {
  ProtectionChange& change = draft.effect.change;
  CveTable gained, lost;
  add_all(gained, change.gained);
  add_all(lost, change.lost);
  for (const auto& [kernel, fixes] : draft.brought) {
    auto& affected = draft.affected[kernel];
    std::vector<std::vector<CveFix>> closed;
    for (const auto& one : affected)
      if (one.from)
        if (auto info = read(one, *one.from)) closed.push_back(std::move(info->fixes));
    for (const ManifestFix* fix : fixes) {
      if (!is_closed(closed, fix->cve)) gained.add({fix->cve, fix->cvss_tenths}, kernel);
      lost.remove(fix->cve, kernel);
    }
    if (affected.empty()) affected.push_back({"", kernel, std::nullopt, std::nullopt, false});
    for (auto& one : affected) {
      std::erase_if(change.kernels, [&](const LevelChange& c) { return c.kernel == one.kernel && c.ident == one.ident; });
      one.is_brought = true;
      change.kernels.push_back(one);
    }
  }
  std::sort(change.kernels.begin(), change.kernels.end(),
            [](const auto& a, const auto& b) { return std::tie(a.kernel, a.ident) < std::tie(b.kernel, b.ident); });
  change.gained = gained.changes();
  change.lost = lost.changes();
  change.lost_at_most = draft.brings && !draft.effect.disable.empty();
}

}  // namespace

PlanEffect effect_of(Site& site, const Plan& plan) {
  const auto all = patchsets(site);
  std::vector<Draft> drafts;
  std::vector<Alternative> alternatives;
  for (const auto& feed : feeds(site)) {
    Draft draft;
    draft.effect.feed = feed.name;
    Alternative alternative = alternative_for(site, plan, feed, all, draft.effect);
    bring(plan, feed, draft);
    const bool takes = may_take(plan, feed);
    if (!takes && draft.effect.enable.empty() && draft.effect.disable.empty()) continue;
    drafts.push_back(std::move(draft));
    alternatives.push_back(std::move(alternative));
  }
  compare_levels(site, alternatives, [&](std::size_t i, LevelChange change) {
    Draft& draft = drafts[i];
    if (draft.brought.count(change.kernel) != 0) draft.affected[change.kernel].push_back(change);
    if (turn_of(change) != Turn::unchanged) draft.changes.push_back(std::move(change));
  });
  PlanEffect out;
  CveTable gained, lost;
  const ReadInfo read = info_reader(site);
  for (auto& draft : drafts) {
    draft.effect.change = compare(std::move(draft.changes), read);
    join(read, draft);
    draft.effect.change.is_gain_known = !draft.brings || !plan.fixes_left_out;
    add_all(gained, draft.effect.change.gained);
    add_all(lost, draft.effect.change.lost);
    out.feeds.push_back(std::move(draft.effect));
  }
  out.gained = gained.changes();
  out.lost = lost.changes();
  return out;
}

}  // namespace patchferry::importer
