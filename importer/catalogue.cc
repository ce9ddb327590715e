// SPDX-License-Identifier: Apache-2.0
#include "importer/catalogue.h"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

#include "importer/cleaned.h"
#include "importer/feeds.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/rel_path.h"

namespace patchferry::importer {

namespace {

constexpr const char* kColumns =
    "SELECT id, file, sha256, bytes, arrived, bundle, unpacked, withdrawn, stream, epoch, recipe, archive_state, expanded, contents_known, vouched, cvss10, channel FROM patchset";

constexpr const char* kStateWords[] = {"present", "pending", "never"};  // by ArchiveState

const char* word_for(ArchiveState state) { return kStateWords[static_cast<std::size_t>(state)]; }

ArchiveState state_from(const std::string& word) {
  const auto found = std::find(std::begin(kStateWords), std::end(kStateWords), word);
  return static_cast<ArchiveState>(found - std::begin(kStateWords));  // the schema lets no other word in
}

KnownPatchset row(const Query& q) {
  KnownPatchset p;
  p.id = q.integer(0);
  if (auto name = parse_archive_name(q.text(1))) p.name = *name;
  p.archive = q.array<32>(2);
  p.archive_bytes = q.number(3);
  p.arrived = q.number(4);
  if (!q.is_null(5) && !q.is_null(8))
    p.origin = Origin{StreamId{q.array<16>(8)}, static_cast<std::uint32_t>(q.integer(9)), q.number(5)};
  p.unpacked = q.integer(6) != 0;
  p.withdrawn = q.integer(7) != 0;
  if (!q.is_null(10)) p.recipe = q.array<32>(10);
  p.archive_state = state_from(q.text(11));
  p.expanded_bytes = q.number(12);
  p.contents_known = q.integer(13) != 0;
  if (!q.is_null(14)) p.vouched = q.array<32>(14);
  p.cvss_tenths = static_cast<unsigned>(q.integer(15));
  p.channel = q.text(16);
  return p;
}

std::string release_key(const PatchsetName& name) {
  return fmt::format("{}/{:04}/{}", to_text(name.released), name.number, name.text);
}

}  // namespace

bool is_signed(const KnownPatchset& patchset) { return patchset.origin || patchset.vouched; }

bool in_arch(const Site& site, const ArchiveName& name, std::uint64_t bytes) {
  const std::string path = site.arch() + "/" + name.file;
  return exists(path) && size_of(path) == bytes;
}

bool has_tree(const Site& site, const KnownPatchset& patchset) {
  return patchset.unpacked && is_folder(site.resources(patchset.name.patchset.text));
}

std::vector<KnownPatchset> patchsets(Site& site) {
  std::vector<KnownPatchset> out;
  std::map<std::int64_t, std::size_t> place;
  Query all(site.db(), (std::string(kColumns) + " ORDER BY release_key").c_str());
  while (all.step()) {
    out.push_back(row(all));
    place[out.back().id] = out.size() - 1;
  }
  for (const auto& feed : feeds(site)) {
    for (auto& p : out) p.feeds[feed.name] = p.withdrawn ? FeedState::withdrawn : FeedState::undeployed;
    for (const auto& [id, state] : states_in(site, feed))
      if (KnownPatchset& p = out[place.at(id)]; !p.withdrawn) p.feeds[feed.name] = state;
  }
  return out;
}

std::optional<KnownPatchset> find_patchset(Site& site, const std::string& name) {
  Query one(site.db(), (std::string(kColumns) + " WHERE name=?1").c_str());
  if (!one.bind(name).step()) return std::nullopt;
  return row(one);
}

bool closes(Site& site, const std::string& kernel, const std::string& cve) {
  return Query(site.db(), "SELECT 1 FROM first_fix WHERE kernel=?1 AND cve=?2").bind(kernel, cve).step();
}

std::vector<Content> contents_of(Site& site, const KnownPatchset& patchset) {
  std::vector<Content> out;
  Query all(site.db(), "SELECT sha256, bytes FROM content WHERE patchset=?1 ORDER BY sha256");
  all.bind(patchset.id);
  while (all.step()) out.push_back({all.array<32>(0), all.number(1)});
  return out;
}

std::uint64_t last_import(Site& site) {
  Query last(site.db(), "SELECT max(imported) FROM ledger");
  return last.step() ? last.number(0) : 0;
}

std::int64_t record_patchset(Site& site, const NewPatchset& p) {
  Database& db = site.db();
  std::optional<std::uint64_t> sequence;
  std::optional<Id16> stream;
  std::optional<std::uint32_t> epoch;
  if (p.origin) {
    sequence = p.origin->sequence;
    stream = p.origin->stream.bytes;
    epoch = p.origin->epoch;
  }
  Query(
      db,
      "INSERT INTO patchset(name, file, release_key, sha256, bytes, expanded, arrived, bundle, unpacked, stream, epoch, recipe, archive_state, "
      "vouched, channel, withdrawn) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15, EXISTS(SELECT 1 FROM withdrawn WHERE name=?1))")
      .bind(p.name.patchset.text, p.name.file, release_key(p.name.patchset), p.archive, p.archive_bytes,
            p.contents.expanded_bytes, now(), sequence, p.unpacked, stream, epoch, p.recipe, word_for(p.archive_state), p.vouched,
            p.channel)
      .run();
  const std::int64_t id = db.last_row_id();
  Query level(db, "INSERT INTO level VALUES(?1,?2,?3,?4,?5)");
  Query fix(
      db,
      "INSERT INTO first_fix VALUES(?1,?2,?3,?4) ON CONFLICT(kernel, cve) DO UPDATE SET patchset=excluded.patchset, cvss10=excluded.cvss10 "
      "WHERE (SELECT release_key FROM patchset WHERE id=excluded.patchset) < (SELECT release_key FROM patchset WHERE id=first_fix.patchset) "
      "OR (SELECT withdrawn FROM patchset WHERE id=first_fix.patchset) RETURNING cvss10");
  unsigned highest = 0;  // of what no other one here closes before it: kpatch.info names all fixes of a level, old ones too
  for (const auto& l : p.contents.levels) {
    level.bind(id, l.ident, l.level, l.digest(), l.info.kernel).run();
    const std::string& kernel = l.info.kernel.empty() ? l.ident : l.info.kernel;
    for (const auto& f : l.info.fixes)
      if (fix.bind(kernel, f.cve, f.cvss_tenths, id).step()) highest = std::max(highest, f.cvss_tenths);
  }
  Query(db, "UPDATE patchset SET cvss10=?2 WHERE id=?1").bind(id, highest).run();
  Query pointer(db, "INSERT INTO pointer VALUES(?1,?2,?3,?4,?5)");
  for (const auto& x : p.contents.pointers) pointer.bind(id, x.ident, x.name, x.is_link, as_bytes(x.text)).run();
  record_contents(site, p.name.patchset.text, p.contents.all);
  forget_cleaned(site, p.name.patchset.text, id);
  return id;
}

void record_contents(Site& site, const std::string& name, const std::vector<Content>& contents) {
  const auto known = find_patchset(site, name);
  Query(site.db(), "DELETE FROM content WHERE patchset=?1").bind(known->id).run();
  Query content(site.db(), "INSERT INTO content VALUES(?1,?2,?3)");
  for (const auto& one : contents) content.bind(known->id, one.hash, one.bytes).run();
  Query(site.db(), "UPDATE patchset SET contents_known=1 WHERE id=?1").bind(known->id).run();
}

void record_recipe(Site& site, const std::string& name, const Digest& recipe) {
  Query(
      site.db(),
      "UPDATE patchset SET recipe=?2, archive_state=CASE archive_state WHEN 'never' THEN 'never' ELSE 'pending' END WHERE name=?1")
      .bind(name, recipe)
      .run();
}

void set_channel(Site& site, std::int64_t patchset, const std::string& channel) {
  Query(site.db(), "UPDATE patchset SET channel=?2 WHERE id=?1").bind(patchset, channel).run();
}

void do_without_recipe(Site& site, std::int64_t patchset) {
  Query(site.db(), "UPDATE patchset SET recipe=NULL, archive_state='present' WHERE id=?1").bind(patchset).run();
}

void set_archive_state(Site& site, const std::string& name, ArchiveState state) {
  Query(site.db(), "UPDATE patchset SET archive_state=?2 WHERE name=?1").bind(name, word_for(state)).run();
}

void record_unpacked(Site& site, std::int64_t patchset) {
  Query(site.db(), "UPDATE patchset SET unpacked=1 WHERE id=?1").bind(patchset).run();
}

void record_vouched(Site& site, std::int64_t patchset, const Digest& domain) {
  Query(site.db(), "UPDATE patchset SET vouched=?2 WHERE id=?1").bind(patchset, domain).run();
}

void withdraw(Site& site, const std::string& name, std::uint64_t bundle) {
  Query(site.db(), "INSERT OR IGNORE INTO withdrawn VALUES(?1,?2)").bind(name, bundle).run();
  const auto known = find_patchset(site, name);
  if (!known || known->withdrawn) return;
  Query(site.db(), "UPDATE patchset SET withdrawn=1 WHERE id=?1").bind(known->id).run();
  take_out_withdrawn(site, known->id);
}

std::vector<std::string> withdrawn_names(Site& site) {
  std::vector<std::string> out;
  Query all(site.db(), "SELECT name FROM withdrawn");
  while (all.step()) out.push_back(all.text(0));
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> newer_than(Site& site, const Origin& bundle, const std::set<std::string>& kept) {
  std::vector<std::string> out;
  for (const auto& p : patchsets(site))
    if (p.origin && p.origin->stream == bundle.stream && !p.withdrawn && kept.count(p.name.patchset.text) == 0 &&
        std::tie(bundle.epoch, bundle.sequence) < std::tie(p.origin->epoch, p.origin->sequence))
      out.push_back(p.name.patchset.text);
  return out;
}

}  // namespace patchferry::importer
