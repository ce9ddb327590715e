// SPDX-License-Identifier: Apache-2.0
#include "importer/site.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <pwd.h>
#include <set>
#include <unistd.h>

#include "bundle-format/hash.h"
#include "importer/database_sum.h"
#include "importer/ledger_copy.h"
#include "importer/reserve.h"
#include "importer/roots.h"
#include "importer/schema.h"
#include "importer/stage.h"
#include "system/atomic_file.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/rel_path.h"
#include "system/unnamed_file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr const char* kDatabase = "/patchferry.sqlite";
constexpr const char* kFolders[] = {"arch", "objects", "resources", "feeds", "trust", "quarantine"};

const std::string& existing(const std::string& base) {
  if (!exists(base + kDatabase) && is_folder(base + "/objects") && is_folder(base + "/trust"))
    throw UsageError("the database of the base at " + base + " is gone: there is no " + base + kDatabase,
                     "put it back from a backup; nothing else may take its place");
  if (!exists(base + kDatabase))
    throw UsageError("there is no Patchferry base at " + base,
                     "make one with 'patchferry init --base " + base + " --site NAME --trust KEY.pub'");
  return base;
}

/// What an interrupted init may have left.
bool is_ours(const std::string& name) {
  return std::find(std::begin(kFolders), std::end(kFolders), name) != std::end(kFolders) || name.starts_with("site.") ||
         name.starts_with(".site.") || name == "lost+found" || name.starts_with(".patchferry.sqlite") || name == "reserve";
}

/// Puts a finished copy of `from` at `to`, on another file system, without a temporary name that an rsync could see.
void copy_into_place(const std::string& from, const std::string& to) {
  UnnamedFile out(to);
  copy_bytes(open_file(from, O_RDONLY), out.file());
  out.commit();
}

/// A rename; where arch/ lies on another file system, a copy and the removal of what it was made of.
void move_into_place(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return;
  if (errno != EXDEV) throw_errno("rename " + from + " to", to);
  if (!exists(to)) {
    copy_into_place(from, to);
  } else if (hash_file(open_file(from, O_RDONLY)) != hash_file(open_file(to, O_RDONLY))) {
    AtomicFile out(to, 0444);  // something else of that name, which an adoption has refused
    copy_bytes(open_file(from, O_RDONLY), out.file());
    out.commit();
  }
  remove_file(from);
}

}  // namespace

// Static programs do not ask NSS.
std::string who() {
  for (const char* variable : {"SUDO_USER", "USER", "LOGNAME"})
    if (const char* name = std::getenv(variable); name != nullptr && *name != '\0') return name;
  return "uid " + std::to_string(::getuid());
}

void Site::create(const std::string& base, const std::string& name, const TrustAnchors& trusted) {
  if (exists(base + kDatabase)) throw UsageError(base + " is a Patchferry base already", "use it, or give another --base");
  // Whose key lay there before would be believed from now on, and nobody has said so.
  if (!holds_only(base, trusted))
    throw UsageError(base + "/trust holds keys already, but there is no database",
                     "an init with other keys was interrupted, or files were lost: take that folder away, then run init again");
  if (!is_folder(parent_of(base))) throw UsageError("there is no folder " + parent_of(base), "is the disk mounted?");
  if (!exists(base)) make_folder(base);
  for (const auto& entry : folder_entries(base))
    if (!is_ours(entry))
      throw UsageError(base + " is not empty: it holds " + printable(entry), "give a new or empty folder as --base");
  for (const char* folder : kFolders) make_folders(base + "/" + folder);
  const SiteSecret secret = SiteSecret::generate();
  write_file(base + "/site.key", as_bytes(encode_site_secret(secret)), 0600);
  write_file(base + "/site.pub", as_bytes(encode_site_public_key(secret.public_half())));
  // The database comes last and whole: a base without it is none, and init starts over.
  const std::string unfinished = base + "/.patchferry.sqlite.new";
  remove_file(unfinished);
  {
    Database db(unfinished);
    db.migrate(kMigrations);
    Query(db, "INSERT INTO identity VALUES('site', ?1)").bind(name).run();
    std::string enrolled;
    for (const auto& anchor : trusted.anchors) {
      write_enrolled(base, db, anchor);
      enrolled += " " + to_hex(anchor.domain);
    }
    append(db, who(), {.what = "init", .detail = "site " + name + ", believes the trust domains" + enrolled});
  }
  sync_file_system(base);
  rename_path(unfinished, base + kDatabase);
  sync_folder(base);
  take_reserve(base);
}

Site::Site(const Settings& settings, Wait wait)
    : settings_(settings),
      lock_(Lock::take(existing(base()) + "/lock", wait == Wait::yes, [&] { note("waiting for another command on " + base()); })),
      sum_(glance_at_sum(base())),
      db_(base() + kDatabase),
      changes_(change_counter(base())) {
  if (sum_ == SumState::differs)
    warn("the database has changed on this disk since the last command: 'patchferry check' says what to do");
  db_.migrate(kMigrations);
  carry_over(db_, who());
  keep_log_head();
  Query ask(db_, "SELECT value FROM identity WHERE key='site'");
  if (ask.step()) name_ = ask.text(0);
  if (const auto target = read_symlink(arch()); target && !is_folder(arch()))
    throw SystemFailure("cannot use " + arch() + ": it is a link to " + *target + ", which is not there", ENOENT,
                        "is that file system mounted?");
  // A base put back from a backup may lack what was empty.
  for (const char* folder : kFolders)
    if (!exists(path(folder))) make_folder(path(folder));
  take_reserve(base());  // what was put back, or killed before, may have none
  roll_forward();
  tidy_quarantine();
  compare_copy(*this);
}

Site::~Site() {
  if (audited_) keep_log_head();
  try {
    if (change_counter(base()) == changes_) return;
    sum_ == SumState::differs ? keep_differing(base()) : write_sum(base());
  } catch (const SystemFailure&) {  // the sum stays behind
  }
}

std::string Site::object_path(const Digest& hash) const {
  const std::string hex = to_hex(hash);
  return base() + "/objects/" + hex.substr(0, 2) + "/" + hex;
}

SiteSecret Site::secret() const {
  const std::string file = path("site.key");
  const auto bytes = exists(file) ? read_whole(file, 4096) : std::nullopt;
  auto secret = decode_site_secret(bytes ? as_text(*bytes) : std::string_view());
  if (!secret) throw SystemFailure("cannot use " + file + ": " + secret.error().text, 0, "restore it from a backup");
  return std::move(*secret);
}

void Site::roll_forward() {
  struct Pending {
    std::int64_t id;
    std::string source, target;
  };
  std::vector<Pending> all;
  {
    Query query(db_, "SELECT id, source, target FROM pending_rename ORDER BY id");
    while (query.step()) all.push_back({query.integer(0), path(query.text(1)), path(query.text(2))});
  }
  const auto goes = [&](const Pending& one) { return one.target == path("") || one.target.starts_with(path("trash/")); };
  // What goes stays for as long as a feed may show it, unless something else comes in its place.
  if (Query(db_, "SELECT 1 FROM feed WHERE revision<>published").step()) {
    std::set<std::string> taken;
    for (const auto& one : all) taken.insert(one.target);
    std::erase_if(all, [&](const Pending& one) { return goes(one) && taken.count(one.source) == 0; });
  }
  if (all.empty()) return;
  for (const auto& one : all) {
    if (one.target == path("")) {  // there is no room for it in the trash
      remove_file(one.source);
      continue;
    }
    const bool is_cleaned = goes(one);
    if (!exists(one.source)) {
      if (!exists(one.target) && !is_cleaned)  // the trash may be emptied by hand
        throw SystemFailure("cannot finish the last import: neither " + one.source + " nor " + one.target + " is there", 0,
                            "somebody has removed it; import the bundle that brought it again");
      continue;
    }
    // Done before an interruption; what lies at the source now has taken its place since.
    if (is_cleaned && exists(one.target)) continue;
    if (is_cleaned) make_folders(parent_of(one.target));
    // What lies at the target now is a left-over that nothing refers to; a folder would block the rename.
    if (is_folder(one.target)) remove_tree(one.target);
    move_into_place(one.source, one.target);
  }
  sync_file_system(base());
  Transaction transaction(db_);
  for (const auto& one : all) Query(db_, "DELETE FROM pending_rename WHERE id=?1").bind(one.id).run();
  transaction.commit();
}

void Site::tidy_quarantine() {
  // We hold the lock, so nothing here is being worked on. What is newer than the last import stays: its volumes may come.
  for (const auto& name : folder_entries(quarantine()))
    if (!is_awaited(*this, quarantine() + "/" + name)) remove_tree(quarantine() + "/" + name);
}

bool Site::has_pending_renames() { return Query(db_, "SELECT 1 FROM pending_rename").step(); }

void Site::audit(const AuditEvent& event) {
  append(db_, who(), event);
  audited_ = true;
}

void Site::keep_log_head() {
  try {
    if (const auto kept = keep_head(db_, log_head()); !kept)
      note(kept.error().text + "; look into it with 'patchferry log --verify'");
  } catch (const SystemFailure& failure) {
    note(std::string("audit.head will be brought up by a later command: ") + failure.what());
  }
  audited_ = false;
}

}  // namespace patchferry::importer
