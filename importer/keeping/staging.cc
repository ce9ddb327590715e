// SPDX-License-Identifier: Apache-2.0
#include "importer/keeping/staging.h"

#include <cerrno>
#include <fcntl.h>
#include <memory>

#include "importer/keeping/backup_reader.h"
#include "importer/keeping/snapshot_check.h"
#include "system/atomic_file.h"
#include "system/failure.h"

namespace patchferry::importer::keeping {

namespace {

std::string mark_of(const BackupList& list) { return to_hex(sha256(as_bytes(encode_list(list)))) + "\n"; }

mode_t mode_of(const std::string& name) { return name == "site.key" || name == kConfigurationName ? 0600 : 0644; }

TakeBytes into(const std::string& path, mode_t mode) {
  make_folders(parent_of(path));
  auto out = std::make_shared<Fd>(open_file(path, O_WRONLY | O_CREAT | O_EXCL, mode));
  return [out](ByteSpan bytes) { write_all(*out, bytes); };
}

}  // namespace

Result<BackupList> Staging::fill(const Fd& backup, bool contents) {
  clear();
  make_folder(path_, 0700);
  for (const char* folder : {"/site", "/contents", "/contents/objects", "/contents/arch"}) make_folder(path_ + folder);
  const std::uint64_t size = size_of(backup);
  if (const auto free = free_bytes(path_); free < size)
    throw SystemFailure("cannot restore to " + parent_of(path_) + ": the backup has " + size_text(size) + ", and " +
                            size_text(free) + " are free",
                        ENOSPC, "make room there, or give another --base");
  Progress progress("reading the backup", size);
  auto reader = BackupReader::open(backup);
  if (!reader) return tl::unexpected(std::move(reader.error()));
  const auto parts = reader->read_parts(
      [&](const std::string& name, std::uint64_t) {
        const std::string place = name == kConfigurationName ? "restored-config.toml" : name;
        return into(site() + "/" + place, mode_of(name));
      },
      &progress);
  if (!parts) return tl::unexpected(parts.error());
  const auto known = check_snapshot(site() + "/" + kDatabaseName, reader->list().site);
  if (!known) return tl::unexpected(known.error());
  const auto end = reader->finish(
      [&](const std::string& name, std::uint64_t) { return contents ? into(this->contents() + "/" + name, 0444) : TakeBytes(); },
      [&](const std::string& file) -> std::optional<Digest> {
        const auto found = known->find(file);
        return found == known->end() ? std::nullopt : std::optional(found->second);
      },
      &progress);
  if (!end) return tl::unexpected(end.error());
  return reader->list();
}

bool Staging::is_ready_for(const BackupList& list) const {
  if (!is_ready()) return false;
  const auto text = read_whole(path_ + "/ready", 4096);
  return text && as_text(*text) == mark_of(list);
}

void Staging::set_ready(const BackupList& list) {
  sync_file_system(path_);
  write_file(path_ + "/ready", as_bytes(mark_of(list)));
}

}  // namespace patchferry::importer::keeping
