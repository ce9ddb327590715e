// SPDX-License-Identifier: Apache-2.0
#include "importer/judge_bundle.h"

#include <algorithm>
#include <tuple>

#include "importer/evidence.h"
#include "importer/ledger.h"
#include "importer/notices.h"
#include "importer/roots.h"
#include "terminal/output.h"
#include "verifier/freshness.h"

namespace patchferry::importer {

namespace {

/// The ledger, as far as the person who imports may bend it; each time the audit log says so.
Result<LedgerView> ledger_for(Site& site, const ImportOrder& order, std::vector<std::string>& warnings) {
  LedgerView view = ledger(site);
  if (!order.vouching.empty()) view.in_doubt.clear();
  if (order.accept_jump != 0) view.confirmed_number = order.accept_jump;
  if (order.permit.empty()) return view;
  const auto permit = read_notice(site, NoticeKind::permit, order.permit);
  if (!permit) return tl::unexpected(Refusal(permit.error()).in("the permit"));
  const auto late = judge_expiry(site, "permit", permit->expires);
  if (!late) return tl::unexpected(Refusal(late.error()).in("the permit"));
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
    findings.push_back(std::move(late.error()).in(kWholeBundle));
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

/// Refused if the permit that was given is for another bundle.
Result<bool> is_permitted(const LedgerView& view, const ExaminedBundle& bundle) {
  if (!view.permitted) return false;
  if (*view.permitted != bundle.statement_hash())
    return refuse(RefusalKind::bad_permit, "the permit is for another bundle than this one",
                  "give the bundle that the permit names; 'patchferry inspect' shows a bundle's number");
  const Statement& s = bundle.statement();
  const LedgerEntry* last = view.last(s.stream);
  return last != nullptr && std::tie(s.epoch, s.sequence) < std::tie(last->epoch, last->sequence);
}

std::optional<JudgedBundle> judge_all(Site& site, const ImportOrder& order, Findings& findings) {
  std::vector<std::string> warnings;
  const auto view = ledger_for(site, order, warnings);
  if (!view) {
    findings.push_back(view.error());
    return std::nullopt;
  }
  const DecryptionKey key = site.secret().decryption;
  const Judge judge{anchors(site), &*view, &key};
  auto examined = examine(open_media(order.media, findings), judge, findings);
  if (!examined) return std::nullopt;
  judge_time(site, *examined, *view, findings, warnings);
  if (!order.only_plan) remember(site, *examined, findings);
  const auto rollback = is_permitted(*view, *examined);
  if (!rollback) {
    findings = {rollback.error()};  // what else speaks against it, speaks of another bundle
    return std::nullopt;
  }
  const bool repeat = is_repeat(examined->statement(), examined->statement_hash(), *view);
  auto bundle = accept(std::move(*examined), findings);
  if (!bundle) return std::nullopt;
  return JudgedBundle{std::move(*bundle), *rollback, repeat, std::move(warnings)};
}

/// As a person calls it, where one name stands for it.
void name_bundle(const std::vector<std::string>& media, Findings& findings) {
  if (media.size() != 1 || media.front() == "-") return;
  for (auto& finding : findings)
    if (finding.where == kWholeBundle) finding.where = harmless(media.front());
}

}  // namespace

std::optional<JudgedBundle> judge_bundle(Site& site, const ImportOrder& order, Findings& findings) {
  auto judged = judge_all(site, order, findings);
  name_bundle(order.media, findings);
  return judged;
}

}  // namespace patchferry::importer
