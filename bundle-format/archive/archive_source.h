// SPDX-License-Identifier: Apache-2.0
// The tar stream inside a compressed archive: one layer of bzip2 (bundle-format/bzip2) or gzip (libarchive).
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "bundle-format/archive/tar_source.h"
#include "bundle-format/patchset_name.h"
#include "system/file.h"

namespace patchferry {

class ArchiveSource : public TarSource {
 public:
  /// After the end: what bzip2/packing.h needs to make the archive again from its stream. Nullopt: nobody knows how.
  virtual std::optional<Bytes> packing() const { return std::nullopt; }
};

/// Reads `archive`, which must outlive it, by pread. Refusals, here or from next(): not_an_archive, truncated. `on_read(n)`
/// is called as n more compressed bytes have been read (may be empty).
Result<std::unique_ptr<ArchiveSource>> open_archive(const Fd& archive, Compression compression,
                                                    const std::function<void(std::uint64_t)>& on_read = {});

}  // namespace patchferry
