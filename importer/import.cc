// SPDX-License-Identifier: Apache-2.0
// How a bundle comes in, pass by pass. Read import_bundle() first; each pass has a header that says what it promises.
#include "importer/import.h"

#include <cerrno>
#include <fmt/format.h>
#include <map>

#include "importer/archives.h"
#include "importer/bring_in.h"
#include "importer/commit.h"
#include "importer/holdings.h"
#include "importer/mend.h"
#include "importer/stage.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

ImportOutcome refused(Findings findings) { return {ImportOutcome::Kind::refused, std::move(findings), std::nullopt, {}, {}, {}}; }
ImportOutcome refused(const Refusal& refusal) { return refused(Findings{refusal}); }

/// `later`: what --archives later needs there; `then`: what is to be said of that.
void need_room(const std::string& folder, std::uint64_t needed, std::uint64_t later, const char* then = "") {
  const std::uint64_t room = free_bytes(folder);
  if (room >= needed) return;
  std::string hint;  // empty: what a full disk gets always
  if (later < needed && later <= room)
    hint = fmt::format("free some space; or use '--archives later', which needs {} there{}: feeds do not wait for arch/",
                       later == 0 ? "nothing" : "up to " + size_text(later), then);
  throw SystemFailure(
      fmt::format("cannot import: {} has {} free, and up to {} are needed", folder, size_text(room), size_text(needed)), ENOSPC,
      hint);
}

bool lie_together(const Site& site) { return !read_symlink(site.arch()); }

std::uint64_t archive_bytes(const std::optional<Plan>& plan, ArchiveMode mode) {
  std::uint64_t bytes = 0;
  if (plan && mode == ArchiveMode::now)
    for (const auto& p : plan->fresh) bytes += p.archive_bytes;
  return bytes;
}

/// Refuses before anything is read, rather than in the middle. How much of the contents is new, only the tables tell.
void reserve_space(const Site& site, const VerifiedBundle& bundle, const Staging& staging, std::uint64_t archives) {
  const std::uint64_t to_stage = bundle.statement().payload_bytes - staging.bytes_staged(bundle);
  constexpr const char* kThen = ", and what its contents take, which is known once it is staged";
  need_room(site.base(), to_stage + (lie_together(site) ? archives : 0), to_stage, kThen);
  need_room(site.arch(), archives, 0, " for now");  // it may be a link to another file system
}

/// And again, before packs are expanded: contents that are not here, and archives, lie beside the payload.
void reserve_contents(const Site& site, const BytesNeeded& needed) {
  need_room(site.base(), needed.work + (lie_together(site) ? needed.rebuilt : 0), needed.work);
  if (!lie_together(site)) need_room(site.arch(), needed.verbatim + needed.rebuilt, needed.verbatim);
}

/// The last pass, and the only one that readers of feeds do not wait for.
ArchivesReport make_archives(Site& site, ArchiveMode mode, std::vector<ArchiveFailure> trees) {
  ArchivesReport report;
  report.failed = std::move(trees);
  if (mode != ArchiveMode::later) mend_contents(site, report);
  const auto missing = owed(site);
  if (mode == ArchiveMode::now)
    rebuild_archives(site, missing, report);
  else
    for (const auto& p : missing) report.pending.push_back(p.name.patchset.text);
  return report;
}

/// What has become true, in place of what the manifest made expect: the contents may have told of higher scores.
void settle(Site& site, Plan& plan) {
  std::vector<std::int64_t> ids;
  for (auto& one : plan.judged)
    if (const auto known = find_patchset(site, one.name)) ids.push_back(one.patchset = known->id);
  std::map<std::pair<std::int64_t, std::int64_t>, Judged> waiting;  // by feed and patchset
  for (auto& one : judge_known(site, plan.takers.ruled, ids)) waiting[{one.feed.id, one.patchset}] = std::move(one);
  for (auto& one : plan.judged) {
    const auto still = waiting.find({one.feed.id, one.patchset});
    one.verdict = still == waiting.end() ? Verdict() : still->second.verdict;
    one.text = still == waiting.end() ? "" : still->second.text;
  }
}

}  // namespace

ImportOutcome import_bundle(Site& site, const ImportOrder& order, const std::function<void(const ImportOutcome&)>& servable) {
  const Takers takers = feeds_that_take(site, order.feeds, order.deploy);

  // Authentic, for us, and newer than what we have; the medium's payload is still unread.
  Findings findings;
  auto judged = judge_bundle(site, order, findings);
  if (!judged) return refused(std::move(findings));
  VerifiedBundle& bundle = judged->bundle;
  const auto outcome = [&](ImportOutcome::Kind kind, Findings found, std::optional<Plan> plan,
                           std::vector<Published> published = {}) {
    return ImportOutcome{kind, std::move(found), std::move(plan), std::move(published), judged->warnings, {}};
  };
  const auto with_archives = [&](ImportOutcome out, std::vector<ArchiveFailure> trees = {}) {
    if (servable) servable(out);
    out.archives = make_archives(site, order.archives, std::move(trees));
    return out;
  };

  // Volumes that came before, on another medium.
  Staging staging(site, bundle);
  if (!bundle.manifest())
    if (const auto text = staging.kept("manifest", bundle.statement().manifest_bytes))
      if (auto good = bundle.supply_manifest(std::string(as_text(*text))); !good) return refused(good.error());
  const auto missing = staging.still_missing(bundle.missing());
  report_missing(bundle, missing, findings);

  // What it would change.
  std::optional<Plan> plan;
  if (bundle.manifest()) {
    auto made = make_plan(site, bundle, takers);
    if (!made) return refused(made.error());
    plan = std::move(*made);
    if (judged->is_rollback) plan_rollback(site, *bundle.manifest(), *plan);
  }
  using Kind = ImportOutcome::Kind;
  if (judged->is_repeat) {
    if (order.only_plan) return outcome(Kind::nothing_to_do, {}, std::move(plan));
    return with_archives(outcome(Kind::nothing_to_do, {}, std::move(plan), publish_changed(site)));
  }
  if (plan)
    if (auto needs = report_needs(*plan); !needs.empty()) return outcome(Kind::refused, std::move(needs), std::move(plan));
  if (order.only_plan)
    return outcome(missing.empty() && plan ? Kind::planned : Kind::incomplete, std::move(findings), std::move(plan));

  // Onto our own disk: each block read once, hashed, kept.
  const std::uint64_t archives = archive_bytes(plan, order.archives);
  reserve_space(site, bundle, staging, archives);
  StagingGuard guard(site, staging);
  Findings damage;
  stage(site, bundle, staging, judged->is_rollback, damage);
  if (!damage.empty()) {
    guard.keep();  // the volumes that were good; what was damaged is not among them
    return refused(std::move(damage));
  }
  if (!missing.empty()) {
    guard.keep();
    return outcome(Kind::incomplete, std::move(findings), std::move(plan));
  }

  // Contents out of packs, and each patchset's tree, where no reader looks.
  const auto whole = open_staged(bundle, staging);
  if (!whole) return refused(whole.error());
  const std::string work = staging.folder() + "/work";
  auto brought =
      bring_in(site, *whole, *plan, order.archives, work, [&](const BytesNeeded& needed) { reserve_contents(site, needed); });
  if (!brought) return refused(brought.error());

  // One transaction makes it so; then the feeds follow.
  Change change;
  change.patchsets = std::move(brought->patchsets);
  change.restored = std::move(brought->restored);
  change.feeds = takers.by_hand;
  change.ruled = takers.ruled;
  change.offered = plan->offered;
  change.bundle = &bundle;
  change.is_rollback = judged->is_rollback;
  change.work = work;
  change.what = judged->is_rollback ? "rollback" : "import";
  change.rolled_in = plan->rolled_in;
  change.replaced = plan->replaced;
  for (const auto& feed : takers.by_hand)
    for (const auto& id : plan->offered)
      if (!is_decided(site, feed, id)) change.states.push_back({feed, id, FeedState::enabled});
  change.disabled = plan->disabled;
  change.vouching = order.vouching;
  if (order.accept_jump == bundle.statement().sequence) change.detail = "number confirmed by hand, ";
  if (judged->is_rollback) change.detail = "permitted by the release keys, ";
  auto trees = commit(site, change);
  settle(site, *plan);
  return with_archives(outcome(Kind::imported, {}, std::move(plan), publish_changed(site)), std::move(trees));
}

}  // namespace patchferry::importer
