// SPDX-License-Identifier: Apache-2.0
// Reads a vendor archive, strictly (SPEC.md "Archives"): one layer of compression, one tar, and members that a
// patchset may hold. Everything else is refused before a byte of it reaches a store. libarchive does the reading.
//
// Memory: a few hundred kB and the folded names of the members (at most kMaxMembers). Each file is read once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "bundle-format/archive/member_names.h"
#include "bundle-format/archive/tar_reader.h"
#include "bundle-format/patchset_name.h"
#include "system/file.h"
#include "system/refusal.h"

namespace patchferry {

/// A ceiling for what comes out of the decompressor (tar headers and padding included).
struct ArchiveLimits {
  std::uint64_t expanded_bytes = 64ULL << 30;
};
/// The configured ceiling where none is signed: 64 GiB and 1000 times the input (inputs under 1 MiB: 1 GiB).
ArchiveLimits unsigned_limits(std::uint64_t archive_bytes);

/// Reads `archive` from its beginning to its end, checks every checksum of the compression, and hands the members to
/// `sink`. Refusals: not_an_archive, truncated, hostile_member, too_large, bad_name; `where` is left to the caller.
/// `on_read(n)` is called as n more compressed bytes have been read (may be empty).
Result<ArchiveFacts> read_archive(const Fd& archive, Compression compression, const ArchiveLimits& limits, MemberSink& sink,
                                  const std::function<void(std::uint64_t)>& on_read = {});

}  // namespace patchferry
