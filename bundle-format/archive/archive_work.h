// SPDX-License-Identifier: Apache-2.0
// What is done with bytes that may be hostile: an archive is read, and made again.
//
// Here, in this process (plain_archive_work()): for tests, fuzzers, and the process that does nothing else. The programs use
// unpacker/, which does the same in that process.
#pragma once

#include <functional>
#include <optional>

#include "bundle-format/archive/archive_reader.h"
#include "bundle-format/archive/rebuild.h"

namespace patchferry {

using OnRead = std::function<void(std::uint64_t)>;

class ArchiveWork {
 public:
  virtual ~ArchiveWork() = default;
  /// As read_archive(). `packing`, if given, receives what ArchiveSource::packing() says at the end.
  virtual Result<ArchiveFacts> read_archive(const Fd& archive, Compression compression, const ArchiveLimits& limits,
                                            MemberSink& sink, const OnRead& on_read,
                                            std::optional<Bytes>* packing = nullptr) const = 0;
  /// As read_tar(): of a stream that a recipe describes.
  virtual Result<ArchiveFacts> read_tar(TarSource& source, std::uint64_t ceiling, MemberSink& sink) const = 0;
  /// The packing of a bzip2 file with every block looked at, which tells what each encoder chose; nullopt if nobody knows.
  virtual Result<std::optional<Bytes>> careful_packing(const Fd& archive, const OnRead& on_read) const = 0;
  /// For rebuild_archive().
  virtual Result<void> rebuild(const Recipe& recipe, const OpenContent& open, const std::function<void(ByteSpan)>& out) const = 0;
};

const ArchiveWork& plain_archive_work();

/// Hands the archive of a recipe to `out` in order and returns its hash: only that tells whether it is the one that was meant. Refused: a
/// content is missing (by `open`), or the recipe's packing does not fit its stream (malformed).
Result<Digest> rebuild_archive(const ArchiveWork& work, const Recipe& recipe, const OpenContent& open,
                               const std::function<void(ByteSpan)>& out);

}  // namespace patchferry
