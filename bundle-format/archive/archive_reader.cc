// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/archive_reader.h"

#include "bundle-format/archive/archive_source.h"

namespace patchferry {

ArchiveLimits unsigned_limits(std::uint64_t archive_bytes) {
  constexpr std::uint64_t kMost = 64ULL << 30;
  constexpr std::uint64_t kSmallInput = 1ULL << 20;
  constexpr std::uint64_t kForSmallInputs = 1ULL << 30;
  constexpr std::uint64_t kTimes = 1000;
  if (archive_bytes < kSmallInput) return {kForSmallInputs};
  return {archive_bytes > kMost / kTimes ? kMost : archive_bytes * kTimes};
}

Result<ArchiveFacts> read_archive(const Fd& archive, Compression compression, const ArchiveLimits& limits, MemberSink& sink,
                                  const std::function<void(std::uint64_t)>& on_read) {
  auto source = open_archive(archive, compression, on_read);
  if (!source) return tl::unexpected<Refusal>(std::move(source.error()));
  return read_tar(**source, limits.expanded_bytes, sink);
}

}  // namespace patchferry
