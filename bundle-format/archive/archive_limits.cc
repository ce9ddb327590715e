// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/archive_limits.h"

namespace patchferry {

ArchiveLimits unsigned_limits(std::uint64_t archive_bytes) {
  constexpr std::uint64_t kMost = 64ULL << 30;
  constexpr std::uint64_t kSmallInput = 1ULL << 20;
  constexpr std::uint64_t kForSmallInputs = 1ULL << 30;
  constexpr std::uint64_t kTimes = 1000;
  if (archive_bytes < kSmallInput) return {kForSmallInputs};
  return {archive_bytes > kMost / kTimes ? kMost : archive_bytes * kTimes};
}

}  // namespace patchferry
