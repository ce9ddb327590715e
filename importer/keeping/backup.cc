// SPDX-License-Identifier: Apache-2.0
#include "importer/keeping/backup.h"

#include <algorithm>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include "importer/catalogue.h"
#include "importer/evidence.h"
#include "importer/keeping/backup_reader.h"
#include "importer/keeping/tar_head.h"
#include "importer/keeping/unfinished_backup.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer::keeping {

namespace {

constexpr std::size_t kBuffer = 1 << 20;

struct SmallPart {
  std::string name;
  Bytes bytes;
};

/// An object or an archive. There may be millions: names and paths are made when they are needed.
struct ContentFile {
  Digest hash{};
  std::uint64_t bytes = 0;
  std::string archive = {};  // name of its file; "": an object

  std::string name() const { return archive.empty() ? "objects/" + to_hex(hash) : "arch/" + archive; }
  std::string path(const Site& site) const { return archive.empty() ? site.object_path(hash) : site.arch() + "/" + archive; }
};

/// The database as it is at this instant, in a file of its own, as long as this lives: beside the backup, since the disk of
/// the base may be full.
class Snapshot {
 public:
  Snapshot(Database& db, std::string path) : path_(std::move(path)) {
    remove_file(path_);
    open_file(path_, O_WRONLY | O_CREAT | O_EXCL, 0600);  // SQLite would make it for everybody to read
    try {
      Query(db, "VACUUM INTO ?1").bind(path_).run();
      Database copy(path_, Database::Access::read_only);
      Query check(copy, "PRAGMA quick_check");
      if (!check.step() || check.text(0) != "ok")
        throw SystemFailure("cannot back up " + db.path() + ": it is damaged: " + check.text(0), 0,
                            "is the disk failing? put an earlier backup back");
    } catch (...) {
      ::unlink(path_.c_str());
      throw;
    }
  }
  ~Snapshot() { ::unlink(path_.c_str()); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void add_small(std::vector<SmallPart>& parts, const std::string& name, const std::string& path) {
  if (!is_regular(path)) return;
  auto bytes = read_whole(path, kMaxSmallPart);
  if (!bytes) throw SystemFailure("cannot back up " + path + ": it is too large", 0, "look what it is, and take it away");
  parts.push_back({name, std::move(*bytes)});
}

std::vector<SmallPart> small_parts(Site& site, const BackupOrder& order) {
  std::vector<SmallPart> out;
  for (const char* name : {"audit.head", "site.key", "site.pub"}) add_small(out, name, site.path(name));
  add_small(out, "ledger.copy", site.settings().copy_path());
  if (!order.configuration.empty()) add_small(out, kConfigurationName, order.configuration);
  for (const auto& file : folder_entries(site.path("trust")))
    if (is_part_name("trust/" + file)) add_small(out, "trust/" + file, site.path("trust/" + file));
  for (const auto& folder : evidence(site))
    for (const auto& file : folder_entries(site.path("evidence/" + folder)))
      if (const std::string name = "evidence/" + folder + "/" + file; is_part_name(name)) add_small(out, name, site.path(name));
  return out;
}

std::vector<ContentFile> content_files(Site& site) {
  std::vector<ContentFile> out;
  for (const auto& folder : folder_entries(site.path("objects"))) {
    if (folder.size() != 2 || !is_folder(site.path("objects/" + folder))) continue;
    for (const auto& name : folder_entries(site.path("objects/" + folder))) {
      const auto hash = array_from_hex<32>(name);
      if (hash && is_regular(site.object_path(*hash))) out.push_back({*hash, size_of(site.object_path(*hash))});
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.hash < b.hash; });
  const auto objects = static_cast<std::ptrdiff_t>(out.size());
  for (const auto& p : patchsets(site))
    if (in_arch(site, p.name, p.archive_bytes)) out.push_back({p.archive, p.archive_bytes, p.name.file});
  std::sort(out.begin() + objects, out.end(), [](const auto& a, const auto& b) { return a.archive < b.archive; });
  return out;
}

class TarWriter {
 public:
  explicit TarWriter(const Fd& file) : file_(file) {}

  void add(const std::string& name, ByteSpan bytes) {
    write_all(file_, encode_tar_head({name, bytes.size()}));
    write_all(file_, bytes);
    pad(bytes.size());
  }
  /// False: what was read has another hash or length, and is not in the backup.
  bool add(const std::string& name, const Fd& from, const Digest& hash, std::uint64_t bytes, Progress& progress) {
    const off_t before = ::lseek(file_.get(), 0, SEEK_CUR);
    write_all(file_, encode_tar_head({name, bytes}));
    Hasher hasher;
    Bytes buffer(static_cast<std::size_t>(std::clamp<std::uint64_t>(bytes, 1, kBuffer)));
    std::uint64_t left = bytes;
    while (left > 0) {
      const auto part = std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size())));
      const auto there = read_up_to(from, part);
      hasher.add(part.first(there));
      write_all(file_, part.first(there));
      progress.add(there);
      left -= there;
      if (there != part.size()) break;
    }
    if (left == 0 && hasher.finish() == hash) {
      pad(bytes);
      return true;
    }
    if (::ftruncate(file_.get(), before) != 0 || ::lseek(file_.get(), before, SEEK_SET) != before)
      throw_errno("shorten", file_.path());
    return false;
  }
  void end() { write_all(file_, Bytes(2 * kTarBlock)); }

 private:
  void pad(std::uint64_t bytes) { write_all(file_, Bytes(tar_padding(bytes))); }
  const Fd& file_;
};

/// What was written is what can be restored.
void read_back(Site& site, const Fd& file, std::uint64_t bytes) {
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw_errno("read", file.path());
  Progress progress("reading the backup again", bytes);
  const BeginMember nobody = [](const std::string&, std::uint64_t) { return TakeBytes(); };
  const ArchiveHash known = [&](const std::string& name) -> std::optional<Digest> {
    const auto parsed = parse_archive_name(name);
    const auto found = parsed ? find_patchset(site, parsed->patchset.text) : std::nullopt;
    return found ? std::optional(found->archive) : std::nullopt;
  };
  auto reader = BackupReader::open(file);
  Result<void> good = reader ? reader->read_parts(nobody, &progress) : tl::unexpected(reader.error());
  if (good) {
    const auto end = reader->finish(nobody, known, &progress);
    if (!end) good = tl::unexpected(end.error());
  }
  if (!good)
    throw SystemFailure("cannot back up to " + file.path() + ": what was written cannot be read back: " + good.error().text, 0,
                        "is the medium failing? use another one");
}

}  // namespace

void check_target(const std::string& file, const std::string& site, const std::string& base) {
  if (file == "-")
    throw UsageError("a backup is not written to standard output: it holds the secret key of the site",
                     "name a file, such as /media/safe/" + site + ".backup");
  if (is_folder(file)) throw UsageError(file + " is a folder", "name a file in it, such as " + file + "/" + site + ".backup");
  if (!is_folder(parent_of(file))) throw UsageError("there is no folder " + parent_of(file), "is the medium mounted?");
  const std::string folder = canonical_path(parent_of(file)) + "/";
  if (folder.starts_with(canonical_path(base) + "/"))
    throw UsageError(file + " lies in the base itself",
                     "name a file on another disk: it holds the site's secret key, and is for when this disk is lost");
  struct stat st {};
  if (::lstat(file.c_str(), &st) != 0) return;
  if (S_ISREG(st.st_mode)) {
    const Fd there = open_file(file, O_RDONLY);
    if (const auto reader = BackupReader::open(there); reader && reader->list().site == site) return;
  }
  throw UsageError(file + " exists, and is not a backup of " + site, "name another file; only an earlier backup is replaced");
}

BackupReport make_backup(Site& site, const BackupOrder& order) {
  check_target(order.file, site.name(), site.base());
  if (site.has_changed_database())
    throw SystemFailure(
        "cannot make a backup: the database has changed on this disk, and an earlier backup is better than one of it", 0,
        "put an earlier one back: 'patchferry restore --into-existing'");
  // Before the snapshot, which then knows of itself: a site that it is put back to does not lack this entry.
  site.audit({.what = "backup", .detail = order.file + (order.contents ? ", with contents" : ", without contents")});
  if (const auto kept = keep_head(site.db(), site.log_head()); !kept) note(kept.error().text);
  UnfinishedBackup out(order.file);
  std::optional<Snapshot> snapshot(std::in_place, site.db(), out.database_path());
  auto small = small_parts(site, order);
  const auto contents = order.contents ? content_files(site) : std::vector<ContentFile>();

  BackupList list;
  list.site = site.name();
  list.program = PATCHFERRY_VERSION;
  list.made = now();
  list.contents = order.contents;
  list.configuration = printable(order.configuration, 4096);
  const Fd database = open_file(snapshot->path(), O_RDONLY);
  list.parts.push_back({kDatabaseName, size_of(database), hash_file(database)});
  for (const auto& part : small) list.parts.push_back({part.name, part.bytes.size(), sha256(part.bytes)});
  std::sort(list.parts.begin(), list.parts.end(), [](const auto& a, const auto& b) { return a.name < b.name; });

  std::uint64_t total = 0;
  for (const auto& part : list.parts) total += part.bytes;
  for (const auto& one : contents) total += one.bytes;
  if (const auto free = free_bytes(parent_of(order.file)); free < total)
    throw SystemFailure(
        "cannot back up to " + order.file + ": it needs " + size_text(total) + ", and " + size_text(free) + " are free", ENOSPC,
        "make room there, or use another disk");

  BackupReport report;
  BackupEnd end;
  {
    Progress progress("backing up", total);
    TarWriter tar(out.file());
    end.list = sha256(as_bytes(encode_list(list)));
    tar.add(kListName, as_bytes(encode_list(list)));
    for (const auto& part : list.parts) {
      if (part.name == kDatabaseName) {
        if (!tar.add(part.name, open_file(snapshot->path(), O_RDONLY), part.sha256, part.bytes, progress))
          throw SystemFailure("cannot back up " + snapshot->path() + ": it has changed meanwhile", 0, "is the disk failing?");
        continue;
      }
      const auto found = std::find_if(small.begin(), small.end(), [&](const auto& one) { return one.name == part.name; });
      tar.add(part.name, found->bytes);
      progress.add(part.bytes);
    }
    for (const auto& one : contents) {
      if (!tar.add(one.name(), open_file(one.path(site), O_RDONLY), one.hash, one.bytes, progress)) {
        report.left_out.push_back(one.path(site));
        continue;
      }
      ++(one.archive.empty() ? report.objects : report.archives);
      ++end.members;
      end.bytes += one.bytes;
    }
    tar.add(kEndName, as_bytes(encode_end(end)));
    tar.end();
  }
  report.bytes = size_of(out.file());
  read_back(site, out.file(), report.bytes);
  snapshot.reset();  // the lock on the partial file stands for both
  out.commit();
  return report;
}

}  // namespace patchferry::importer::keeping
