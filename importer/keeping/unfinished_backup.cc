// SPDX-License-Identifier: Apache-2.0
#include "importer/keeping/unfinished_backup.h"

#include <cerrno>
#include <fcntl.h>
#include <set>
#include <sys/file.h>
#include <unistd.h>

#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer::keeping {

namespace {

constexpr const char* kPartial = ".backup-partial";
constexpr const char* kDatabase = ".backup-database";
constexpr const char* kJournal = ".backup-database-journal";  // SQLite's, beside it

std::string hidden(const std::string& path, const char* ending) { return parent_of(path) + "/." + file_name_of(path) + ending; }

/// Taken away by somebody, it may have another file in its place.
bool is_still(const Fd& file, const std::string& path) {
  struct stat st {};
  const struct stat own = stat_of(file);
  return ::lstat(path.c_str(), &st) == 0 && st.st_dev == own.st_dev && st.st_ino == own.st_ino;
}

/// Names of the backups that something unfinished lies there of.
std::set<std::string> unfinished_in(const std::string& folder) {
  std::set<std::string> out;
  for (const auto& entry : folder_entries(folder))
    for (const std::string ending : {kPartial, kDatabase, kJournal})
      if (entry.size() > ending.size() + 1 && entry.starts_with('.') && entry.ends_with(ending) &&
          is_regular(folder + "/" + entry))
        out.insert(entry.substr(1, entry.size() - ending.size() - 1));
  return out;
}

/// The partial file is made if it is gone, so that a writer who begins just now is noticed, and notices.
bool remove_unless_written(const std::string& path) {
  const std::string partial = hidden(path, kPartial);
  const Fd file = open_file(partial, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 || !is_still(file, partial)) return false;
  for (const auto* ending : {kDatabase, kJournal, kPartial}) remove_file(hidden(path, ending));
  return true;
}

void remove_left_overs(const std::string& folder) {
  for (const auto& name : unfinished_in(folder)) {
    const std::string path = folder + "/" + name;
    try {
      if (remove_unless_written(path)) note("took away what an interrupted backup had left of " + path);
    } catch (const SystemFailure& e) {
      warn("an interrupted backup has left " + hidden(path, kPartial) + ", which holds the secret key of a site: take it away (" +
           e.what() + ")");
    }
  }
}

}  // namespace

UnfinishedBackup::UnfinishedBackup(std::string path) : path_(std::move(path)), partial_(hidden(path_, kPartial)) {
  remove_left_overs(parent_of(path_));
  begin();
}

void UnfinishedBackup::begin() {
  do {
    if (exists(partial_)) {
      const Fd other = open_file(partial_, O_RDWR | O_NOFOLLOW);
      if (::flock(other.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        throw SystemFailure("cannot back up to " + path_ + ": another command writes it at this moment", EWOULDBLOCK,
                            "wait until it has ended, or name another file");
      remove_file(partial_);  // where there are no locks, that much is known: it bears our name
    }
    file_ = open_file(partial_, O_RDWR | O_CREAT | O_EXCL, 0600);
    // Nobody holds it for long: whoever takes left-overs away may have met it before it was locked.
    if (::flock(file_.get(), LOCK_EX) != 0) return;
  } while (!is_still(file_, partial_));
}

UnfinishedBackup::~UnfinishedBackup() {
  if (!partial_.empty()) ::unlink(partial_.c_str());
}

std::string UnfinishedBackup::database_path() const { return hidden(path_, kDatabase); }

void UnfinishedBackup::commit() {
  sync_file(file_);
  rename_path(partial_, path_);
  partial_.clear();
  sync_folder(parent_of(path_));
}

}  // namespace patchferry::importer::keeping
