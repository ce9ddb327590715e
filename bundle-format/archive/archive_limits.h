// SPDX-License-Identifier: Apache-2.0
// How much may come out of an archive.
#pragma once

#include <cstdint>

namespace patchferry {

/// A ceiling for what comes out of the decompressor (tar headers and padding included).
struct ArchiveLimits {
  std::uint64_t expanded_bytes = 64ULL << 30;
};
/// The configured ceiling where none is signed: 64 GiB and 1000 times the input (inputs under 1 MiB: 1 GiB).
ArchiveLimits unsigned_limits(std::uint64_t archive_bytes);

}  // namespace patchferry
