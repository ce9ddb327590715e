// SPDX-License-Identifier: Apache-2.0
// How a bundle comes in, pass by pass. Read import_bundle() first; each pass has a header that says what it promises.
#include "importer/import.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <mutex>
#include <tuple>

#include "importer/commit.h"
#include "importer/evidence.h"
#include "importer/ledger.h"
#include "importer/notices.h"
#include "importer/roots.h"
#include "importer/stage.h"
#include "importer/unpack.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/parallel.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

ImportOutcome refused(Findings findings) { return {ImportOutcome::Kind::refused, std::move(findings), std::nullopt, {}, {}}; }
ImportOutcome refused(const Refusal& refusal) { return refused(Findings{refusal}); }

void need_room(const std::string& folder, std::uint64_t needed) {
  const std::uint64_t room = free_bytes(folder);
  if (room < needed)
    throw SystemFailure(
        fmt::format("cannot import: {} has {} free, and up to {} are needed", folder, size_text(room), size_text(needed)),
        ENOSPC);
}

/// Refuses before anything is written, rather than in the middle: payload, archives and contents lie side by side.
void reserve_space(const Site& site, const VerifiedBundle& bundle, const Staging& staging, const std::optional<Plan>& plan) {
  const std::uint64_t to_stage = bundle.statement().payload_bytes - staging.bytes_staged(bundle);
  need_room(site.base(), to_stage + (plan ? plan->write_bytes : 0));
  if (!plan) return;
  std::uint64_t archives = 0;
  for (const auto& p : plan->fresh) archives += p.archive_bytes;
  need_room(site.arch(), archives);  // it may be a link to another file system
}

/// Copies a run of the payload to a file of its own and returns its hash.
Digest copy_out(const Fd& payload, std::uint64_t offset, std::uint64_t bytes, const Fd& out) {
  Hasher hasher;
  Bytes buffer(std::size_t{1} << 20);
  while (bytes > 0) {
    const auto part = std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), bytes)));
    read_exactly(payload, offset, part);
    hasher.add(part);
    write_all(out, part);
    offset += part.size();
    bytes -= part.size();
  }
  return hasher.finish();
}

/// The archive as the vendor made it, in work/arch/, its hash checked.
Result<Fd> take_out(const StagedBundle& staged, const ManifestPatchset& wanted, const std::string& work) {
  const auto& objects = staged.tables.objects;
  const auto object = std::lower_bound(objects.begin(), objects.end(), wanted.archive,
                                       [](const ObjectRecord& o, const Digest& hash) { return o.hash < hash; });
  if (object == objects.end() || object->hash != wanted.archive || object->bytes != wanted.archive_bytes)
    return refuse(RefusalKind::incomplete, "the bundle does not hold the archive of " + wanted.name.patchset.text,
                  "ask for a bundle made with --full");
  const Fd payload = open_file(staged.payload, O_RDONLY);
  Fd archive = open_file(work + "/arch/" + wanted.name.file, O_RDWR | O_CREAT | O_TRUNC, 0444);
  const std::uint64_t offset = staged.tables.packs[object->pack].payload_offset + object->offset;
  if (copy_out(payload, offset, object->bytes, archive) != wanted.archive)
    return refuse(RefusalKind::damaged, "the archive of " + wanted.name.patchset.text + " is not the one that the manifest names",
                  "the exporter must check its store with 'patchferry mirror add' before it makes another bundle");
  return archive;
}

Result<NewPatchset> bring_in(const Site& site, const StagedBundle& staged, const ManifestPatchset& wanted, const Origin& origin,
                             const std::string& work, const std::function<void(std::uint64_t)>& on_read) {
  const auto archive = take_out(staged, wanted, work);
  if (!archive) return tl::unexpected(archive.error());
  auto contents = unpack(site, *archive, wanted.name, ArchiveLimits{wanted.expanded_bytes}, work, on_read);
  if (!contents) return tl::unexpected(std::move(contents.error()).in(wanted.name.file));
  return NewPatchset{wanted.name, wanted.archive, wanted.archive_bytes, origin, true, std::move(*contents)};
}

/// All new patchsets, an archive a core; nothing of it is visible yet.
Result<std::vector<NewPatchset>> unpack_all(const Site& site, const StagedBundle& staged, const Plan& plan,
                                            const std::string& work) {
  remove_tree(work);  // of a run that was interrupted
  make_folders(work + "/arch", 0700);
  std::uint64_t total = 0;
  for (const auto& p : plan.fresh) total += p.archive_bytes;
  Progress progress("unpacking", total);
  std::vector<NewPatchset> out(plan.fresh.size());
  std::optional<Refusal> refusal;
  std::mutex mutex;
  parallel_for(plan.fresh.size(), [&](std::size_t i) {
    auto one = bring_in(site, staged, plan.fresh[i], plan.origin, work, [&](std::uint64_t n) { progress.add(n); });
    const std::lock_guard hold(mutex);
    if (one)
      out[i] = std::move(*one);
    else if (!refusal)
      refusal = std::move(one.error());
  });
  if (refusal) return tl::unexpected(std::move(*refusal));
  return out;
}

/// Takes the staging folder away unless volumes are still to come, or renames that the database has recorded start there.
class StagingGuard {
 public:
  StagingGuard(Site& site, Staging& staging) : site_(site), staging_(staging) {}
  ~StagingGuard() {
    try {
      if ((!keep_ || staging_.is_empty()) && !site_.has_pending_renames()) staging_.remove();
    } catch (const SystemFailure& failure) {
      note(std::string("left behind: ") + failure.what());
    }
  }
  StagingGuard(const StagingGuard&) = delete;
  StagingGuard& operator=(const StagingGuard&) = delete;
  void keep() { keep_ = true; }

 private:
  Site& site_;
  Staging& staging_;
  bool keep_ = false;
};

/// The ledger, as far as the person who imports may bend it; each time the audit log says so.
Result<LedgerView> ledger_for(Site& site, const ImportOrder& order, std::vector<std::string>& warnings) {
  LedgerView view = ledger(site);
  if (!order.vouching.empty()) view.in_doubt.clear();
  if (order.accept_jump != 0) view.confirmed_number = order.accept_jump;
  if (order.permit.empty()) return view;
  const auto permit = read_notice(site, NoticeKind::permit, read_notice_file(order.permit));
  if (!permit) return tl::unexpected(Refusal(permit.error()).in(order.permit));
  const auto late = judge_expiry(site, "permit", permit->expires);
  if (!late) return tl::unexpected(Refusal(late.error()).in(order.permit));
  if (!late->empty()) warnings.push_back(*late);
  view.permitted = permit->statement;
  return view;
}

/// What the clock gives reason to say; a finding only where this site's policy makes one of it.
void judge_time(Site& site, const ExaminedBundle& bundle, const LedgerView& view, Findings& findings,
                std::vector<std::string>& warnings) {
  const Statement& s = bundle.statement();
  SiteTime time = site_time(site);
  time.floor = std::max(time.floor, s.created);
  if (auto odd = clock_warning(time); !odd.empty()) warnings.push_back(std::move(odd));
  if (auto late = judge_expiry(site, "bundle", s.expires); !late)
    findings.push_back(std::move(late.error()).in("the bundle"));
  else if (!late->empty())
    warnings.push_back(*late);
  const LedgerEntry* head = view.head(s.stream);
  const LedgerEntry* last = view.last(s.stream);
  const bool has_come =
      head != nullptr && last != nullptr && std::tie(head->epoch, head->sequence) <= std::tie(last->epoch, last->sequence);
  if (head != nullptr && !has_come && std::tie(s.epoch, s.sequence) < std::tie(head->epoch, head->sequence))
    warnings.push_back("bundle " + std::to_string(head->sequence) + " is known to exist: bring it too");
}

/// What counts even if the bundle is refused: root documents that have gone on, and proof that somebody signs twice.
void remember(Site& site, const ExaminedBundle& bundle, const Findings& findings) {
  if (const auto moved = advance(site, bundle.root_chain()); moved && *moved)
    note("root document " + std::to_string(bundle.root().version) + " is in force here from now on");
  if (std::any_of(findings.begin(), findings.end(), [](const Refusal& f) { return f.kind == RefusalKind::fork; }))
    keep_evidence(site, bundle);
}

}  // namespace

ImportOutcome import_bundle(Site& site, const ImportOrder& order) {
  const std::vector<Feed> feeds = feeds_that_take(site, order.feeds, order.deploy);

  // Authentic, for us, and newer than what we have; the medium's payload is still unread.
  Findings findings;
  std::vector<std::string> warnings;
  const auto view = ledger_for(site, order, warnings);
  if (!view) return refused(view.error());
  const DecryptionKey key = site.secret().decryption;
  const Judge judge{anchors(site), &*view, &key};
  auto examined = examine(open_media(order.media, findings), judge, findings);
  if (!examined) return refused(std::move(findings));
  judge_time(site, *examined, *view, findings, warnings);
  if (!order.only_plan) remember(site, *examined, findings);
  if (view->permitted && *view->permitted != examined->statement_hash())
    return refused(Refusal{RefusalKind::bad_permit, "the permit is for another bundle than this one",
                           "give the bundle that the permit names; 'patchferry inspect' shows a bundle's number"});
  auto bundle = accept(std::move(*examined), findings);
  if (!bundle) return refused(std::move(findings));
  const bool is_rollback = view->permitted == bundle->statement_hash();

  // Volumes that came before, on another medium.
  Staging staging(site, *bundle);
  if (!bundle->manifest())
    if (const auto text = staging.kept("manifest", bundle->statement().manifest_bytes))
      if (auto good = bundle->supply_manifest(std::string(as_text(*text))); !good) return refused(good.error());
  const auto missing = staging.still_missing(bundle->missing());
  report_missing(*bundle, missing, findings);

  // What it would change.
  std::optional<Plan> plan;
  if (bundle->manifest()) {
    auto made = make_plan(site, *bundle, feeds);
    if (!made) return refused(made.error());
    plan = std::move(*made);
    plan->is_rollback = is_rollback;
    if (is_rollback) plan->disabled = newer_than(site, plan->origin, belonging_to(*bundle->manifest()));
  }
  if (!is_rollback && is_repeat(bundle->statement(), bundle->statement_hash(), *view))
    return {ImportOutcome::Kind::nothing_to_do,
            {},
            std::move(plan),
            order.only_plan ? std::vector<Published>() : publish_changed(site),
            warnings};
  if (plan)
    if (auto needs = report_needs(*plan); !needs.empty())
      return {ImportOutcome::Kind::refused, std::move(needs), std::move(plan), {}, warnings};
  if (order.only_plan) {
    const bool whole = missing.empty() && plan;
    return {whole ? ImportOutcome::Kind::planned : ImportOutcome::Kind::incomplete,
            std::move(findings),
            std::move(plan),
            {},
            warnings};
  }

  // Onto our own disk: each block read once, hashed, kept.
  reserve_space(site, *bundle, staging, plan);
  StagingGuard guard(site, staging);
  Findings damage;
  stage(*bundle, staging, is_rollback, damage);
  if (!damage.empty()) {
    guard.keep();  // the volumes that were good; what was damaged is not among them
    return refused(std::move(damage));
  }
  if (!missing.empty()) {
    guard.keep();
    return {ImportOutcome::Kind::incomplete, std::move(findings), std::move(plan), {}, warnings};
  }

  // Archives rebuilt and unpacked where no reader looks.
  const auto whole = open_staged(*bundle, staging);
  if (!whole) return refused(whole.error());
  const std::string work = staging.folder() + "/work";
  auto patchsets = unpack_all(site, *whole, *plan, work);
  if (!patchsets) return refused(patchsets.error());

  // One transaction makes it so; then the feeds follow.
  Change change;
  change.patchsets = std::move(*patchsets);
  change.enable_in = feeds;
  for (const auto& p : plan->restored) {
    if (const auto archive = take_out(*whole, p, work); !archive) return refused(archive.error());
    change.restored.push_back(p.name.file);
  }
  change.bundle = &*bundle;
  change.is_rollback = is_rollback;
  change.work = work;
  change.what = is_rollback ? "rollback" : "import";
  change.disabled = plan->disabled;
  change.vouching = order.vouching;
  if (order.accept_jump == bundle->statement().sequence) change.detail = "number confirmed by hand, ";
  if (is_rollback) change.detail = "permitted by the release keys, ";
  commit(site, change);
  return {ImportOutcome::Kind::imported, {}, std::move(plan), publish_changed(site), warnings};
}

}  // namespace patchferry::importer
