// SPDX-License-Identifier: Apache-2.0
#include "mirror/store.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sodium.h>
#include <tuple>

#include "mirror/schema.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

std::string prepare(const std::string& path, Store::Open open) {
  const std::string database = path + "/patchferry-store.sqlite";
  if (exists(database)) return path;
  if (open == Store::Open::existing)
    throw UsageError("there is no store at " + path, "make one with 'patchferry mirror add --store " + path + " FILE...'");
  if (exists(path) && !is_folder(path)) throw UsageError(path + " is not a folder", "give a new or empty folder as --store");
  if (!is_folder(path)) make_folder(path);
  for (const auto& name : folder_entries(path))
    if (name != "archives" && name != "objects" && name != "lock" && name != "spool")
      throw UsageError(path + " is neither a store nor empty", "give a new or empty folder as --store");
  make_folders(path + "/archives");
  return path;
}

StoredPatchset row(const Query& q) {
  StoredPatchset p;
  p.id = q.integer(0);
  if (auto name = parse_archive_name(q.text(1))) p.name = *name;
  p.archive = q.array<32>(2);
  p.archive_bytes = q.number(3);
  p.expanded_bytes = q.number(4);
  p.first_seen = q.number(5);
  p.channel = q.text(6);
  return p;
}

constexpr const char* kColumns = "SELECT id, file, sha256, bytes, expanded, first_seen, channel FROM patchset";

}  // namespace

Store::Store(const std::string& path, Open open)
    : path_(prepare(path, open)),
      contents_(path_),
      lock_(Lock::take(path_ + "/lock", true, [&] { note("waiting for another command on " + path_); })),
      db_(path_ + "/patchferry-store.sqlite") {
  db_.migrate(kMigrations);
  contents_.empty_spool();
}

StreamId Store::stream() {
  StreamId id;
  randombytes_buf(id.bytes.data(), id.bytes.size());
  Query(db_, "INSERT OR IGNORE INTO identity VALUES('stream', ?1)").bind(id.bytes).run();
  Query ask(db_, "SELECT value FROM identity WHERE key='stream'");
  if (!ask.step()) db_.fail("read");
  id.bytes = ask.array<16>(0);
  return id;
}

std::vector<StoredPatchset> Store::patchsets() {
  std::vector<StoredPatchset> out;
  Query all(db_, kColumns);
  while (all.step()) out.push_back(row(all));
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name.patchset < b.name.patchset; });
  return out;
}

std::optional<StoredPatchset> Store::find(const std::string& name) {
  Query one(db_, (std::string(kColumns) + " WHERE name=?1").c_str());
  if (!one.bind(name).step()) return std::nullopt;
  return row(one);
}

void Store::record(const StoredPatchset& p, const TakenApart& apart) {
  Transaction transaction(db_);
  Query(db_, "INSERT INTO patchset(name, file, sha256, bytes, expanded, first_seen, channel) VALUES(?1,?2,?3,?4,?5,?6,?7)")
      .bind(p.name.patchset.text, p.name.file, p.archive, p.archive_bytes, p.expanded_bytes, p.first_seen, p.channel)
      .run();
  const std::int64_t id = db_.last_row_id();
  Query known(db_,
              "SELECT patchset.file FROM first_fix JOIN patchset ON patchset.id=first_fix.patchset WHERE kernel=?1 AND cve=?2");
  Query set(db_, "INSERT OR REPLACE INTO first_fix VALUES(?1,?2,?3,?4)");
  for (const auto& level : apart.contents.levels) {
    const std::string& kernel = level.info.kernel.empty() ? level.ident : level.info.kernel;
    for (const auto& fix : level.info.fixes) {
      // Archives may be added in any order: the earliest release keeps the honour.
      if (known.bind(kernel, fix.cve).step()) {
        const auto holder = parse_archive_name(known.text(0));
        if (holder && holder->patchset <= p.name.patchset) continue;
      }
      set.bind(kernel, fix.cve, fix.cvss_tenths, id).run();
    }
  }
  keep_apart(id, p.archive, apart);
  transaction.commit();
}

void Store::set_channel(std::int64_t patchset, const std::string& channel) {
  Query(db_, "UPDATE patchset SET channel=?2 WHERE id=?1").bind(patchset, channel).run();
}

void Store::record_again(const StoredPatchset& p, const TakenApart& apart) {
  Transaction transaction(db_);
  keep_apart(p.id, p.archive, apart);
  transaction.commit();
}

void Store::keep_apart(std::int64_t patchset, const Digest& archive, const TakenApart& apart) {
  Query(db_, "DELETE FROM member WHERE patchset=?1").bind(patchset).run();
  Query add(db_, "INSERT INTO member VALUES(?1,?2,?3,?4,?5)");
  std::int64_t position = 0;
  for (const auto& m : apart.members) add.bind(patchset, position++, m.likeness, m.content, m.bytes).run();
  const Travel& travel = apart.travel;
  Query(db_, "INSERT OR REPLACE INTO travel(archive, recipe, recipe_bytes, why) VALUES(?1,?2,?3,?4)")
      .bind(archive, travel.recipe, travel.recipe_bytes, travel.why)
      .run();
}

std::vector<Member> Store::members(std::int64_t patchset) {
  std::vector<Member> out;
  Query all(db_, "SELECT likeness, sha256, bytes FROM member WHERE patchset=?1 ORDER BY position");
  all.bind(patchset);
  while (all.step()) out.push_back({all.text(0), all.array<32>(1), all.number(2)});
  return out;
}

void Store::each_member(const std::vector<StoredPatchset>& patchsets, const std::function<void(const Member&)>& each) {
  db_.execute("CREATE TEMP TABLE IF NOT EXISTS wanted(patchset INTEGER PRIMARY KEY); DELETE FROM temp.wanted");
  Query want(db_, "INSERT INTO temp.wanted VALUES(?1)");
  for (const auto& p : patchsets) want.bind(p.id).run();
  Query all(
      db_,
      "SELECT min(likeness) AS first, sha256, bytes FROM member JOIN temp.wanted USING(patchset) GROUP BY sha256 ORDER BY first");
  while (all.step()) each({all.text(0), all.array<32>(1), all.number(2)});
}

bool Store::has_contents(const StoredPatchset& patchset) {
  const auto travel = travel_of(patchset.archive);
  if (!travel || (travel->recipe && !contents_.has(*travel->recipe))) return false;
  const auto all = members(patchset.id);
  return std::all_of(all.begin(), all.end(), [&](const Member& m) { return contents_.has(m.content); });
}

Fd Store::open_archive(const StoredPatchset& patchset) const {
  const std::string path = archive_path(patchset.name.file);
  const std::string hint = "give the vendor's archive to 'patchferry mirror add' once more, then export again";
  if (!exists(path)) throw SystemFailure("cannot ship " + path + ": it is not there any more", ENOENT, hint);
  Fd archive = open_file(path, O_RDONLY);
  if (hash_file(archive) != patchset.archive)
    throw SystemFailure("cannot ship " + path + ": its bytes are no longer those that were added", 0,
                        "the disk may be failing; " + hint);
  return archive;
}

std::optional<Travel> Store::travel_of(const Digest& archive) {
  Query one(db_, "SELECT recipe IS NULL, recipe, recipe_bytes, why FROM travel WHERE archive=?1");
  if (!one.bind(archive).step()) return std::nullopt;
  Travel out;
  if (one.integer(0) == 0) out.recipe = one.array<32>(1);
  out.recipe_bytes = one.number(2);
  out.why = one.text(3);
  return out;
}

std::vector<FirstFix> Store::first_fixes(std::int64_t patchset) {
  std::vector<FirstFix> out;
  Query all(db_, "SELECT cve, cvss10, kernel FROM first_fix WHERE patchset=?1 ORDER BY cve, kernel");
  all.bind(patchset);
  while (all.step()) out.push_back({all.text(0), static_cast<unsigned>(all.integer(1)), all.text(2)});
  return out;
}

Result<bool> Store::is_first_receipt(const SignedReceipt& receipt) {
  Query pinned(db_, "SELECT key FROM site WHERE name=?1");
  if (!pinned.bind(receipt.receipt.site).step()) return true;
  if (pinned.array<kPublicKeySize>(0) != receipt.key.bytes)
    return refuse(
        RefusalKind::bad_receipt, "the receipt is signed by another key than this site's earlier ones",
        "ask the site whether it was set up anew ('patchferry status' there shows its key); if so: patchferry mirror site add --replace");
  return false;
}

void Store::keep_receipt(const SignedReceipt& receipt, std::string_view text) {
  const Receipt& r = receipt.receipt;
  Transaction transaction(db_);
  Query(db_, "INSERT OR IGNORE INTO site(name, key) VALUES(?1,?2)").bind(r.site, receipt.key.bytes).run();
  Query(db_, "UPDATE site SET encryption=?2 WHERE name=?1").bind(r.site, r.encryption.bytes).run();
  const ReceiptStream* ours = r.find(stream());
  const ReceiptStream position = ours != nullptr ? *ours : ReceiptStream();
  Query newest(db_, "SELECT epoch, sequence, issued FROM receipt WHERE site=?1");
  const bool older = newest.bind(r.site).step() && std::tuple(newest.number(0), newest.number(1), newest.number(2)) >
                                                       std::tuple(std::uint64_t{position.epoch}, position.sequence, r.issued);
  if (!older)
    Query(db_, "INSERT OR REPLACE INTO receipt(site, epoch, sequence, issued, text) VALUES(?1,?2,?3,?4,?5)")
        .bind(r.site, position.epoch, position.sequence, r.issued, as_bytes(text))
        .run();
  transaction.commit();
}

std::optional<Receipt> Store::newest_receipt(const std::string& site) {
  Query newest(db_, "SELECT text FROM receipt WHERE site=?1");
  if (!newest.bind(site).step()) return std::nullopt;
  const Bytes text = newest.blob(0);
  auto receipt = decode_receipt(as_text(text));
  if (!receipt)
    throw SystemFailure("cannot use the receipt kept in " + db_.path() + ": it is damaged", 0, "give a fresh one with --receipt");
  return receipt->receipt;
}

std::uint64_t Store::reserve_sequence(const std::string& site, std::uint64_t at_least) {
  Transaction transaction(db_);
  Query highest(db_, "SELECT max(sequence) FROM shipment WHERE site=?1");
  const std::uint64_t last = highest.bind(site).step() ? highest.number(0) : 0;
  const std::uint64_t sequence = std::max(last, at_least) + 1;
  Query(db_, "INSERT INTO shipment(site, sequence, made, created) VALUES(?1,?2,0,?3)").bind(site, sequence, now()).run();
  transaction.commit();
  return sequence;
}

std::optional<Digest> Store::signed_under(const std::string& site, std::uint64_t sequence) {
  Query one(db_, "SELECT statement FROM shipment WHERE site=?1 AND sequence=?2 AND statement IS NOT NULL");
  if (!one.bind(site, sequence).step()) return std::nullopt;
  return one.array<32>(0);
}

void Store::record_signed(const std::string& site, std::uint64_t sequence, const Digest& statement) {
  Query(db_, "UPDATE shipment SET statement=?3 WHERE site=?1 AND sequence=?2").bind(site, sequence, statement).run();
}

void Store::record_shipment(const std::string& site, const ShippedBundle& s) {
  Transaction transaction(db_);
  Query(
      db_,
      "UPDATE shipment SET made=1, created=?3, bundle=?4, statement=?5, epoch=?6, root_version=?7, is_full=?8, domain=?9 WHERE site=?1 AND "
      "sequence=?2")
      .bind(site, s.sequence, s.created, s.bundle.bytes, s.statement, s.epoch, s.root_version, s.is_full, s.domain)
      .run();
  Query brings(db_, "INSERT OR REPLACE INTO shipment_patchset VALUES(?1,?2,?3,?4)");
  for (const auto& p : s.patchsets) brings.bind(site, s.sequence, p.name, p.archive).run();
  for (const auto& name : s.withdrawn) brings.bind(site, s.sequence, name, std::optional<Bytes>()).run();
  transaction.commit();
}

std::vector<ShippedBundle> Store::shipments(const std::string& site) {
  std::vector<ShippedBundle> out;
  Query all(
      db_,
      "SELECT epoch, root_version, sequence, created, bundle, statement, is_full, domain FROM shipment WHERE site=?1 AND made=1 "
      "ORDER BY sequence");
  all.bind(site);
  while (all.step()) {
    ShippedBundle s;
    s.epoch = static_cast<std::uint32_t>(all.integer(0));
    s.root_version = static_cast<std::uint32_t>(all.integer(1));
    s.sequence = all.number(2);
    s.created = all.number(3);
    s.bundle.bytes = all.array<16>(4);
    s.statement = all.array<32>(5);
    s.is_full = all.integer(6) != 0;
    if (!all.is_null(7)) s.domain = all.array<32>(7);
    out.push_back(std::move(s));
  }
  Query brought(db_, "SELECT name, sha256 FROM shipment_patchset WHERE site=?1 AND sequence=?2 ORDER BY name");
  for (auto& s : out) {
    brought.bind(site, s.sequence);
    while (brought.step()) {
      if (brought.is_null(1))
        s.withdrawn.push_back(brought.text(0));
      else
        s.patchsets.push_back({brought.text(0), brought.array<32>(1)});
    }
  }
  return out;
}

bool Store::withdraw(const std::string& name) {
  if (Query(db_, "SELECT 1 FROM withdrawn WHERE name=?1").bind(name).step()) return false;
  Query(db_, "INSERT INTO withdrawn VALUES(?1,?2)").bind(name, now()).run();
  return true;
}

std::vector<std::string> Store::withdrawn() {
  std::vector<std::string> out;
  Query all(db_, "SELECT name FROM withdrawn");
  while (all.step()) out.push_back(all.text(0));
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<KnownSite> Store::sites() {
  std::vector<KnownSite> out;
  Query all(
      db_,
      "SELECT site.name, site.key, receipt.issued, site.encryption FROM site LEFT JOIN receipt ON receipt.site=site.name ORDER BY site.name");
  while (all.step()) {
    KnownSite site{all.text(0), {Algorithm::ed25519, all.array<kPublicKeySize>(1)}, std::nullopt, std::nullopt};
    if (!all.is_null(3)) site.encryption = EncryptionKey{all.array<kEncryptionKeySize>(3)};
    if (!all.is_null(2)) site.issued = all.number(2);
    out.push_back(std::move(site));
  }
  return out;
}

std::optional<KnownSite> Store::find_site(const std::string& name) {
  for (auto& site : sites())
    if (site.name == name) return site;
  return std::nullopt;
}

void Store::pin_site(const std::string& name, const SitePublicKey& key) {
  Transaction transaction(db_);
  Query(db_, "DELETE FROM receipt WHERE site=?1").bind(name).run();
  Query(db_, "INSERT OR REPLACE INTO site(name, key, encryption) VALUES(?1,?2,?3)")
      .bind(name, key.signing.bytes, key.encryption.bytes)
      .run();
  transaction.commit();
}

}  // namespace patchferry::mirror
