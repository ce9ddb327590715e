// SPDX-License-Identifier: Apache-2.0
// One pass over an archive: what a patchset serves (levels, pointers) and what it fixes.
//
// The mirror uses it to look into an archive, the importer to unpack one; they differ only in the FileKeeper that
// receives the bytes. Memory: the list of members, texts of pointers, CVE lists, and one kpatch.info at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bundle-format/archive/archive_work.h"
#include "bundle-format/archive/kpatch_info.h"
#include "bundle-format/hash.h"
#include "bundle-format/patchset_name.h"
#include "system/refusal.h"

namespace patchferry {

/// Receives the bytes of every regular file, one after the other. The hash is known at the end only. This one keeps
/// nothing: for a look.
class FileKeeper {
 public:
  virtual ~FileKeeper() = default;
  /// The tar stream as it passes by (tar_reader.h, MemberSink), to those who want it.
  virtual bool wants_stream() const { return false; }
  virtual void stream(ByteSpan /*part*/) {}
  /// `offset`: where the content lies in the stream, if in one piece.
  virtual void begin(const RelPath& /*path*/, std::uint64_t /*bytes*/, std::optional<std::uint64_t> /*offset*/) {}
  virtual void data(ByteSpan /*part*/) {}
  virtual void end(const Digest& /*hash*/) {}
  /// So many bytes more of memory are held until the archive is read, about (large_turn.h).
  virtual void holding(std::uint64_t /*bytes*/) {}
};

struct LevelFile {
  std::string name;  // beneath the level's folder
  Digest hash{};
  std::uint64_t bytes = 0;
};

/// One folder <ident>/<level>/, the unit that a feed serves.
struct Level {
  std::string ident;  // khash or build id
  std::uint64_t level = 0;
  std::vector<LevelFile> files;  // ascending by name
  KpatchInfo info;               // of its kpatch.info, if it has one
  Digest digest() const;         // over names and hashes: equal for equal folders
};

/// A small file or link beside the levels of an ident: latest.v1, version.
struct Pointer {
  std::string ident;
  std::string name;  // "latest.v1"
  bool is_link = false;
  std::string text;  // the file's bytes, or the link's target
};

/// What a regular file holds, wherever it lies and whatever it is called.
struct Content {
  Digest hash{};
  std::uint64_t bytes = 0;
};

struct PatchsetContents {
  std::vector<Level> levels;      // ascending by ident, level
  std::vector<Pointer> pointers;  // ascending by ident, name
  std::uint64_t expanded_bytes = 0;
  std::uint64_t files = 0;   // regular files, served or not
  std::vector<Content> all;  // of all of these, empty and small ones too; ascending by hash, distinct
};

constexpr std::uint64_t kMaxPointer = 64 << 10;  // a larger file is no pointer

/// Files whose hash the source knows (a recipe's) are not read, but for the few whose text matters, and a patch's header.
/// Refused (malformed), beside what the reader of archives refuses: a user-space kpatch.bin that contradicts itself or its
/// folder (kpatch1.h).
Result<PatchsetContents> read_contents(const ArchiveWork& work, TarSource& source, const ArchiveName& name,
                                       const ArchiveLimits& limits, FileKeeper& keeper);

Result<PatchsetContents> read_contents(const ArchiveWork& work, const Fd& archive, const ArchiveName& name,
                                       const ArchiveLimits& limits, FileKeeper& keeper, const OnRead& on_read = {},
                                       std::optional<Bytes>* packing = nullptr);

}  // namespace patchferry
