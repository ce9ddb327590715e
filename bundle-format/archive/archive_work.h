// SPDX-License-Identifier: Apache-2.0
// What is done with bytes that may be hostile: an archive is read, and made again. Reading is strict (SPEC.md "Archives"): one layer of
// compression, one tar, and members that a patchset may hold. Everything else is refused before a byte of it reaches a store.
//
// Here, in this process (plain_archive_work()): for tests, fuzzers, and the process that does nothing else. The programs use
// unpacker/, which does the same in that process.
#pragma once

#include <functional>
#include <optional>

#include "bundle-format/archive/archive_limits.h"
#include "bundle-format/archive/rebuild.h"
#include "bundle-format/archive/tar_reader.h"
#include "bundle-format/patchset_name.h"

namespace patchferry {

using OnRead = std::function<void(std::uint64_t)>;

class ArchiveWork {
 public:
  virtual ~ArchiveWork() = default;
  /// Reads `archive` from its beginning to its end, once, checks every checksum of the compression, and hands the members to `sink`.
  /// Refused: not_an_archive, truncated, hostile_member, too_large, bad_name; `where` is left to the caller. `on_read(n)` is called
  /// as n more compressed bytes have been read. `packing`, if given, receives what ArchiveSource::packing() says at the end.
  /// Memory: a few hundred kB, and 16 bytes or so a name of its members.
  virtual Result<ArchiveFacts> read_archive(const Fd& archive, Compression compression, const ArchiveLimits& limits,
                                            MemberSink& sink, const OnRead& on_read = {},
                                            std::optional<Bytes>* packing = nullptr) const = 0;
  /// As read_tar(): of a stream that a recipe describes.
  virtual Result<ArchiveFacts> read_tar(TarSource& source, std::uint64_t ceiling, MemberSink& sink) const = 0;
  /// The packing of a bzip2 file with every block looked at, which tells what each encoder chose; nullopt if nobody knows.
  virtual Result<std::optional<Bytes>> careful_packing(const Fd& archive, const OnRead& on_read) const = 0;
  /// For rebuild_archive().
  virtual Result<void> rebuild(const Recipe& recipe, const OpenContent& open, const std::function<void(ByteSpan)>& out) const = 0;
};

/// Hands the archive of a recipe to `out` in order and returns its hash: only that tells whether it is the one that was meant. Refused: a
/// content is missing (by `open`), or the recipe's packing does not fit its stream (malformed).
Result<Digest> rebuild_archive(const ArchiveWork& work, const Recipe& recipe, const OpenContent& open,
                               const std::function<void(ByteSpan)>& out);

}  // namespace patchferry
