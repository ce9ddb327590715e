// SPDX-License-Identifier: Apache-2.0
// Reads a backup from end to end, once, and checks every byte of it on the way: names, order, sizes, hashes, padding, end.
//
// What it hands out before finish() has returned is not to be believed yet: whoever takes it keeps it aside.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "importer/keeping/backup_format.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer::keeping {

/// Takes the bytes of one member; may be empty, if nobody wants them.
using TakeBytes = std::function<void(ByteSpan)>;
/// A member begins: says who takes its bytes.
using BeginMember = std::function<TakeBytes(const std::string& name, std::uint64_t bytes)>;
/// Of an archive of the base (its file's name), the hash that its bytes must have; none: the base knows no such archive.
using ArchiveHash = std::function<std::optional<Digest>(const std::string& file)>;

class BackupReader {
 public:
  /// Reads the list. `file` is at its beginning, and outlives this.
  static Result<BackupReader> open(const Fd& file);

  const BackupList& list() const { return list_; }
  /// All that is listed. Refused: damaged, truncated, hostile_member, not_regular, malformed.
  Result<void> read_parts(const BeginMember& begin, Progress* progress = nullptr);
  /// After that: contents, if there are any, and the end. Refused: likewise, and extended.
  Result<BackupEnd> finish(const BeginMember& begin, const ArchiveHash& archive, Progress* progress = nullptr);

 private:
  BackupReader(const Fd& file, BackupList list) : file_(&file), list_(std::move(list)) {}

  const Fd* file_;
  BackupList list_;
};

/// "FILE is no backup" and the like: the same refusal with what to do about a file that was damaged on its way.
Refusal of_backup(Refusal refusal, const std::string& file);

}  // namespace patchferry::importer::keeping
