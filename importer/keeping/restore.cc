// SPDX-License-Identifier: Apache-2.0
#include "importer/keeping/restore.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <unistd.h>

#include "importer/awaited.h"
#include "importer/catalogue.h"
#include "importer/keeping/backup_reader.h"
#include "importer/keeping/put_contents.h"
#include "importer/keeping/staging.h"
#include "importer/ledger.h"
#include "system/atomic_file.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/lock.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer::keeping {

namespace {

constexpr const char* kDatabase = "/patchferry.sqlite";
constexpr const char* kSum = "/patchferry.sqlite.sum";

/// What may lie in a folder that is to become a base: archives that were copied there beforehand, and traces of a restore.
bool may_be_there(const std::string& name) {
  return name == "arch" || name == "lost+found" || name == "lock" || name == ".restoring";
}

void check_place(const RestoreOrder& order) {
  const std::string& base = order.settings.base;
  if (is_base(base)) {
    if (!order.into_existing)
      throw UsageError(base + " is a Patchferry base already",
                       "give a new folder as --base; or --into-existing, which replaces the database of this one");
    return;
  }
  if (!order.database)
    throw UsageError("there is no Patchferry base at " + base, "contents alone go into a base that is there; restore all of it");
  if (order.into_existing)
    throw UsageError("there is no Patchferry base at " + base, "leave out --into-existing, and a new one is made there");
  if (!exists(base) && !is_folder(parent_of(base)))
    throw UsageError("there is no folder " + parent_of(base), "is the disk mounted?");
  if (!exists(base)) return;
  if (!is_folder(base)) throw UsageError(base + " is not a folder", "give a new or empty folder as --base");
  if (Staging(base).is_ready()) return;  // things have begun to get their names
  for (const auto& entry : folder_entries(base))
    if (!may_be_there(entry))
      throw UsageError(base + " is not empty: it holds " + printable(entry),
                       "give a new folder as --base, or one that holds nothing but an arch/ that was copied there");
}

/// The folder of a base, locked; a new one is taken away again unless something came to lie in it.
class Ground {
 public:
  Ground(const std::string& base, Site::Wait wait) : base_(base), is_new_(!exists(base)), has_lock_(exists(base + "/lock")) {
    if (is_new_) make_folder(base);
    lock_.emplace(Lock::take(base + "/lock", wait == Site::Wait::yes, [&] { note("waiting for another command on " + base); }));
  }
  ~Ground() {
    if (keep_) return;
    if (!has_lock_) ::unlink((base_ + "/lock").c_str());
    if (is_new_) ::rmdir(base_.c_str());
  }
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;
  void keep() { keep_ = true; }

 private:
  std::string base_;
  bool is_new_;
  bool has_lock_;
  bool keep_ = false;
  std::optional<Lock> lock_;
};

/// What has filled the disk must not stay there, unless it is whole.
class ClearUnlessReady {
 public:
  explicit ClearUnlessReady(Staging& staging) : staging_(staging) {}
  ~ClearUnlessReady() {
    try {
      if (!staging_.is_ready()) staging_.clear();
    } catch (const SystemFailure&) {  // the next restore takes it away
    }
  }
  ClearUnlessReady(const ClearUnlessReady&) = delete;
  ClearUnlessReady& operator=(const ClearUnlessReady&) = delete;

 private:
  Staging& staging_;
};

std::string about(const BackupList& backup) {
  return "from a backup made " + time_text(backup.made) + (backup.contents ? ", with contents" : ", without contents");
}

/// The staged base by itself: its ledger is compared with the copy that came with it.
Settings staged_settings(const Settings& settings, const Staging& staging) {
  Settings out = settings;
  out.base = staging.site();
  out.ledger_copy.clear();
  return out;
}

/// Name by name, so that an interruption is gone on from. Feeds come when all that they show is there; the database comes last.
void place_new(const Settings& settings, Staging& staging) {
  const std::string& base = settings.base;
  if (!settings.ledger_copy.empty() && !exists(settings.copy_path()) && exists(staging.site() + "/ledger.copy")) {
    const auto copy = read_whole(staging.site() + "/ledger.copy", kMaxSmallPart);
    if (copy && is_folder(parent_of(settings.copy_path()))) write_file(settings.copy_path(), *copy);
  }
  if (is_folder(staging.site())) {
    for (const auto& name : folder_entries(staging.site())) {
      if (name == kDatabaseName || name == "lock" || name == "feeds") continue;
      if (name == "arch")
        place_archives(staging.site() + "/arch", base + "/arch");
      else
        rename_path(staging.site() + "/" + name, base + "/" + name);
    }
    sync_file_system(base);
    if (exists(staging.site() + "/feeds")) rename_path(staging.site() + "/feeds", base + "/feeds");
    sync_folder(base);
    if (exists(staging.site() + kDatabase)) rename_path(staging.site() + kDatabase, base + kDatabase);
    sync_folder(base);
  }
  // In one step: what is killed now is finished, and every command on the base empties the quarantine.
  const std::string rest = base + "/quarantine/restored";
  remove_tree(rest);
  rename_path(staging.path(), rest);
  remove_tree(rest);
}

void make_site(const RestoreOrder& order, Staging& staging, const BackupList& backup, RestoreReport& report) {
  Site site(staged_settings(order.settings, staging), Site::Wait::yes);
  site.audit({.what = "restore", .detail = "into a new base, " + about(backup)});
  if (order.contents && backup.contents) {
    put_contents_unseen(site, staging.contents(), report);
    lay_out_trees(site, report);
  }
  await_trees(site);
  publish_changed(site);
}

/// The name of a site whose database can be read.
std::optional<std::string> name_in(const std::string& base) {
  if (!exists(base + kDatabase)) return std::nullopt;
  try {
    Database db(base + kDatabase, Database::Access::read_only);
    Query ask(db, "SELECT value FROM identity WHERE key='site'");
    if (ask.step()) return ask.text(0);
  } catch (const SystemFailure&) {  // damaged: that is why it is to be replaced
  }
  return std::nullopt;
}

std::optional<std::string> text_of(const std::string& path) {
  if (!is_regular(path)) return std::nullopt;
  const auto bytes = read_whole(path, kMaxSmallPart);
  return bytes ? std::optional(std::string(as_text(*bytes))) : std::nullopt;
}

Result<void> check_same_site(const std::string& base, const Staging& staging, const BackupList& backup) {
  const auto name = name_in(base);
  if (name && *name != backup.site)
    return refuse(RefusalKind::wrong_site,
                  "it is a backup of " + backup.site + ", and " + base + " is the site " + printable(*name),
                  "restore it into a folder of its own");
  const auto key = text_of(base + "/site.pub");
  if (key && key != text_of(staging.site() + "/site.pub"))
    return refuse(RefusalKind::conflict, base + " has another site key than the backup: it was set up anew",
                  "restore the backup into a folder of its own");
  if (!name && !key)
    return refuse(RefusalKind::incomplete,
                  base + " has neither a database that can be read nor a site.pub, so it may be any site's",
                  "restore the backup into a new folder; then move arch/ of the old one there, and type 'patchferry archives'");
  return {};
}

std::string time_for_name() {
  std::string time = time_text(now()).substr(0, 19);
  std::erase(time, ':');
  std::replace(time.begin(), time.end(), ' ', '-');
  return time;
}

/// Moves what lacks: a file of a single name, or those of a folder.
void move_if_absent(const std::string& from, const std::string& to) {
  if (exists(from) && !exists(to)) rename_path(from, to);
}

/// Under its new name the database is whole and has no journal.
void set_aside(const std::string& base, RestoreReport& report) {
  std::string kept = base + kDatabase + ".before-" + time_for_name();
  for (unsigned n = 2; exists(kept); ++n) kept = base + kDatabase + ".before-" + time_for_name() + "-" + std::to_string(n);
  const std::string journal = base + kDatabase + "-journal";
  try {
    Database db(base + kDatabase);  // a transaction that was cut off is rolled back
    Query(db, "SELECT count(*) FROM sqlite_schema").run();
  } catch (const SystemFailure&) {  // damaged: kept as it is
  }
  if (::link((base + kDatabase).c_str(), kept.c_str()) != 0) {
    // A file system without hard links.
    const Fd copy = open_file(kept, O_WRONLY | O_CREAT | O_EXCL, 0600);
    copy_bytes(open_file(base + kDatabase, O_RDONLY), copy);
    sync_file(copy);
  }
  if (exists(journal)) rename_path(journal, kept + "-journal");
  if (exists(base + "/audit.head"))
    rename_path(base + "/audit.head", base + "/audit.head" + kept.substr((base + kDatabase).size()));
  sync_folder(base);
  report.former = kept;
}

void place_over(const RestoreOrder& order, const Staging& staging, const BackupList& backup, RestoreReport& report) {
  const std::string& base = order.settings.base;
  const std::string head = text_of(base + "/audit.head").value_or("");
  {
    Site site(staged_settings(order.settings, staging), Site::Wait::yes);
    site.audit({.what = "restore",
                .detail = "over the database that was there, " + about(backup) +
                          (head.empty() ? "" : "; its log ended with " + head.substr(0, head.find('\n')))});
  }
  const bool has_trust = is_folder(base + "/trust") && !folder_entries(base + "/trust").empty();
  for (const auto& name : folder_entries(staging.site() + "/trust"))
    if (has_trust && !exists(base + "/trust/" + name)) report.not_enrolled.push_back(name);
  if (!has_trust) {
    remove_tree(base + "/trust");
    rename_path(staging.site() + "/trust", base + "/trust");
  }
  for (const char* name : {"/site.key", "/site.pub"}) move_if_absent(staging.site() + name, base + name);
  if (is_folder(staging.site() + "/evidence")) {
    make_folders(base + "/evidence");
    for (const auto& name : folder_entries(staging.site() + "/evidence"))
      move_if_absent(staging.site() + "/evidence/" + name, base + "/evidence/" + name);
  }
  if (exists(staging.site() + "/restored-config.toml"))
    rename_path(staging.site() + "/restored-config.toml", base + "/restored-config.toml");
  if (exists(base + kDatabase)) set_aside(base, report);
  // The sum of the former database says nothing of this one; between the two there is none.
  remove_file(base + kSum);
  sync_file_system(base);
  rename_path(staging.site() + kDatabase, base + kDatabase);
  if (exists(staging.site() + kSum)) rename_path(staging.site() + kSum, base + kSum);
  rename_path(staging.site() + "/audit.head", base + "/audit.head");
  sync_folder(base);
}

Result<void> into_new(const RestoreOrder& order, const Fd& file, Staging& staging, RestoreReport& report) {
  if (!staging.is_ready()) {
    const ClearUnlessReady clear(staging);
    const auto backup = staging.fill(file, order.contents);
    if (!backup) return tl::unexpected(backup.error());
    make_site(order, staging, *backup, report);
    staging.set_ready(*backup);
  } else {
    report.went_on = true;
  }
  place_new(order.settings, staging);
  return {};
}

Result<void> into_existing(const RestoreOrder& order, const Fd& file, Staging& staging, RestoreReport& report) {
  const auto backup = staging.fill(file, order.contents);
  if (!backup) return tl::unexpected(backup.error());
  if (const auto same = check_same_site(order.settings.base, staging, *backup); !same) return same;
  if (order.database) place_over(order, staging, *backup, report);
  return {};
}

void look_at_result(Site& site, RestoreReport& report) {
  report.needs_head = wanted_head(site).has_value();
  for (const auto& p : patchsets(site)) {
    if (p.unpacked && !has_tree(site, p)) ++report.awaited;
    if (p.archive_state != ArchiveState::never && !in_arch(site, p.name, p.archive_bytes)) ++report.archives_lacking;
  }
  if (exists(site.path("restored-config.toml"))) report.configuration = site.path("restored-config.toml");
}

}  // namespace

bool is_base(const std::string& base) {
  if (exists(base + kDatabase)) return true;
  return is_folder(base + "/objects") && is_folder(base + "/trust") && !Staging(base).is_ready();
}

Result<RestoreReport> restore(const RestoreOrder& order) {
  const std::string& base = order.settings.base;
  if (!exists(order.file)) throw UsageError("there is no " + order.file, "is the medium mounted?");
  if (is_folder(order.file)) throw UsageError(order.file + " is a folder", "give the file that 'patchferry backup' has written");
  const Fd file = open_file(order.file, O_RDONLY);
  auto reader = BackupReader::open(file);
  if (!reader) return tl::unexpected(of_backup(std::move(reader.error()), order.file));
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw_errno("read", order.file);

  Staging staging(base);
  RestoreReport report;
  report.backup = reader->list();
  if (staging.is_ready() && !staging.is_ready_for(report.backup))
    throw UsageError("a restore of another backup into " + base + " was interrupted",
                     "type that one again, or take the folder " + base + " away");
  const bool is_placed = staging.is_ready() && exists(base + kDatabase);  // and killed before it could say so
  if (!is_placed) check_place(order);
  {
    Ground ground(base, order.wait);
    const bool existing = !is_placed && is_base(base);
    std::optional<ClearUnlessReady> clear;
    if (existing) clear.emplace(staging);
    const auto done = existing ? into_existing(order, file, staging, report) : into_new(order, file, staging, report);
    if (!done) return tl::unexpected(of_backup(done.error(), order.file));
    ground.keep();
    if (existing && order.contents && report.backup.contents) {
      // The lock changes hands; what is staged is out of the way of every command.
      remove_tree(base + "/.restored-contents");
      rename_path(staging.contents(), base + "/.restored-contents");
    }
  }
  Site site(order.settings, order.wait);
  if (is_folder(base + "/.restored-contents")) {
    put_contents(site, base + "/.restored-contents", report);
    lay_out_trees(site, report);
  }
  await_trees(site);
  report.published = publish_changed(site);
  look_at_result(site, report);
  return report;
}

}  // namespace patchferry::importer::keeping
