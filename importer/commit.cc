// SPDX-License-Identifier: Apache-2.0
#include "importer/commit.h"

#include "importer/audit_words.h"
#include "importer/forget.h"
#include "importer/ledger.h"
#include "importer/ledger_copy.h"
#include "importer/rule_work.h"
#include "importer/trash.h"
#include "importer/trees.h"
#include "importer/unpack.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

/// What the bundle itself says: its number, and what the vendor has withdrawn.
void enter(Site& site, const Change& change, AuditEvent& event) {
  const VerifiedBundle& bundle = *change.bundle;
  const Statement& s = bundle.statement();
  event.bundle = {s.sequence, s.bundle};
  for (const auto& name : bundle.manifest()->withdrawn) event.detail += ", withdrawn: " + name;
  for (const auto& name : change.disabled) {
    roll_out(site, name);
    event.detail += ", disabled: " + name;
  }
  for (const auto& name : change.rolled_in) {
    roll_in(site, name);
    event.detail += ", let in again: " + name;
  }
  // What was here before, unsigned and with these very bytes, is signed for now.
  for (const auto& p : bundle.manifest()->patchsets)
    if (const auto known = find_patchset(site, p.name.patchset.text); known && !is_signed(*known) && known->archive == p.archive)
      record_vouched(site, known->id, s.trust_domain);
  if (change.is_rollback) return;
  if (!change.vouching.empty()) vouch(site, s.stream, change.vouching);
  record_import(site, bundle);
}

/// Feeds that have changed since `before` and that the detail does not name yet: 'log --feed' finds entries by that.
void name_feeds(Site& site, const std::vector<Feed>& before, std::string& detail) {
  std::string names;
  for (const auto& feed : feeds(site))
    for (const auto& was : before)
      if (was.id == feed.id && was.revision != feed.revision && !has_word(detail, feed.name)) names += " " + feed.name;
  if (!names.empty()) detail += ", changed:" + names;
}

/// What a person has said of a patchset in a feed, and of whatever takes its place.
struct KeptOut {
  Feed feed;
  std::string name;
  FeedState state;
};

/// Their renames come before those of what takes their place.
std::string take_out_replaced(Site& site, const Change& change, std::vector<KeptOut>& kept) {
  if (change.replaced.empty()) return "";
  std::string names;
  const std::string trash = new_trash_folder(site);
  for (const auto& name : change.replaced) {
    const auto known = find_patchset(site, name);
    for (const auto& feed : feeds(site))
      if (const FeedState state = state_in(site, feed, known->id);
          is_decided(site, feed, known->id) && state != FeedState::enabled)
        kept.push_back({feed, name, state});
    forget_patchset(site, *known, Remember::nothing);
    move_to_trash(site, *known, trash, true);
    names += (names.empty() ? ", unsigned before, and now in the trash: " : " ") + name;
  }
  return names;
}

/// Trees that have what comes back, and objects; all of it durable.
void put_in_place(Site& site, const Change& change, Trees& trees) {
  std::vector<std::string> laid_out;
  for (const auto& one : change.restored)
    if (one.unpacked) laid_out.push_back(one.name.patchset.text);
  // Deployed already, and its tree was lost: else it would be laid out once more, out of contents that are not in place yet.
  for (const auto& one : change.laid_out)
    if (find_patchset(site, one.name)->unpacked) laid_out.push_back(one.name);
  trees.renew(change.work, std::move(laid_out));
  sync_file_system(site.base());  // an object that has its final name is trusted by it, so its bytes come first
  place_objects(site, change.work);
  sync_file_system(site.base());
}

}  // namespace

std::vector<ArchiveFailure> commit(Site& site, const Change& change) {
  Trees trees(site);
  if (!change.work.empty()) put_in_place(site, change, trees);

  Transaction transaction(site.db());
  const std::string work = change.work.empty() ? "" : change.work.substr(site.base().size() + 1);
  Query pending(site.db(), "INSERT INTO pending_rename(source, target) VALUES(?1,?2)");
  const auto feeds_before = feeds(site);
  std::vector<KeptOut> kept;
  const std::string replaced = take_out_replaced(site, change, kept);
  std::string names;
  // First of all: what closes the same holes as a withdrawn patchset is the first to close them now.
  if (change.bundle != nullptr)
    for (const auto& name : change.bundle->manifest()->withdrawn) withdraw(site, name, change.bundle->statement().sequence);
  std::vector<std::int64_t> offered = change.offered;
  for (const auto& patchset : change.patchsets) {
    const std::string& name = patchset.name.patchset.text;
    const std::int64_t id = record_patchset(site, patchset);
    for (const auto& one : kept)
      if (one.name == name) set_state(site, one.feed, id, one.state, change.what);
    if (patchset.unpacked) pending.bind(work + "/resources/" + name, "resources/" + name).run();
    if (change.archives_in_work && !patchset.recipe)
      pending.bind(work + "/arch/" + patchset.name.file, "arch/" + patchset.name.file).run();
    for (const auto& feed : change.feeds) set_state(site, feed, id, change.state, change.what);
    offered.push_back(id);
    names += " " + name;
  }
  for (const auto& one : change.restored) {
    record_contents(site, one.name.patchset.text, one.contents.all);
    if (const auto known = find_patchset(site, one.name.patchset.text)) set_channel(site, known->id, one.channel);
    if (one.recipe) {
      record_recipe(site, one.name.patchset.text, *one.recipe);
      continue;
    }
    pending.bind(work + "/arch/" + one.name.file, "arch/" + one.name.file).run();
    set_archive_state(site, one.name.patchset.text, ArchiveState::present);
  }
  for (const auto& p : change.laid_out) {
    record_unpacked(site, p.id);
    record_contents(site, p.name, p.contents.all);
    pending.bind(work + "/resources/" + p.name, "resources/" + p.name).run();
  }
  for (const auto& one : change.vouched) record_vouched(site, one.patchset, one.domain);
  for (const auto& one : change.channels) set_channel(site, one.patchset, one.channel);
  for (const auto& file : change.archives_back) pending.bind(work + "/arch/" + file, "arch/" + file).run();
  for (const auto& one : change.states) set_state(site, one.feed, one.patchset, one.state, change.what);
  for (const auto& one : judge_known(site, change.ruled, offered))
    if (one.verdict.takes()) set_state(site, one.feed, one.patchset, FeedState::enabled, change.what);
  AuditEvent event{.what = change.what, .detail = change.detail};
  if (change.counts_patchsets) event.detail += count_text(change.patchsets.size(), "patchset");
  if (!names.empty()) event.detail += ":" + names;
  event.detail += replaced;
  if (change.bundle != nullptr) enter(site, change, event);
  name_feeds(site, feeds_before, event.detail);
  site.audit(event);
  transaction.commit();

  site.roll_forward();
  if (change.bundle != nullptr) write_copy(site);
  return trees.failures();
}

}  // namespace patchferry::importer
