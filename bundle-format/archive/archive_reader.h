// SPDX-License-Identifier: Apache-2.0
// Reads a vendor archive, strictly (SPEC.md "Archives"): one layer of compression, one tar, and members that a
// patchset may hold. Everything else is refused before a byte of it reaches a store. libarchive does the reading.
//
// Memory: a few hundred kB and the folded names of the members (at most kMaxMembers). Each file is read once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "bundle-format/patchset_name.h"
#include "system/file.h"
#include "system/refusal.h"
#include "system/rel_path.h"

namespace patchferry {

constexpr std::uint64_t kMaxMembers = 200'000;

/// A ceiling for what comes out of the decompressor (tar headers and padding included).
struct ArchiveLimits {
  std::uint64_t expanded_bytes = 64ULL << 30;
};
/// The configured ceiling where none is signed: 64 GiB and 1000 times the input (inputs under 1 MiB: 1 GiB).
ArchiveLimits unsigned_limits(std::uint64_t archive_bytes);

/// Receives the members in archive order. Whatever is written must be thrown away if reading ends in a refusal.
class MemberSink {
 public:
  virtual ~MemberSink() = default;
  /// A regular file of exactly `bytes` bytes begins; data() follows until they are complete, then end_file().
  virtual void begin_file(const RelPath& path, std::uint64_t bytes) = 0;
  virtual void data(ByteSpan part) = 0;
  virtual void end_file() = 0;
  /// A link named latest* whose text is a bare level (digits only), the only links that are let through.
  virtual void pointer_link(const RelPath& path, const std::string& level) = 0;
};

struct ArchiveFacts {
  std::uint64_t expanded_bytes = 0;  // of the whole tar stream
  std::uint64_t files = 0;
  std::string top_folder;  // the single folder that everything lies in, or ""
};

/// Reads `archive` from its beginning to its end, checks every checksum of the compression, and hands the members to
/// `sink`. Refusals: not_an_archive, truncated, hostile_member, too_large, bad_name; `where` is left to the caller.
/// `on_read(n)` is called as n more compressed bytes have been read (may be empty).
Result<ArchiveFacts> read_archive(const Fd& archive, Compression compression, const ArchiveLimits& limits, MemberSink& sink,
                                  const std::function<void(std::uint64_t)>& on_read = {});

}  // namespace patchferry
