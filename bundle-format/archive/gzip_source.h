// SPDX-License-Identifier: Apache-2.0
// A tar stream out of gzip, by libarchive. Only releases of years ago travel so.
#pragma once

#include "bundle-format/archive/archive_source.h"

namespace patchferry {

/// As open_archive().
Result<std::unique_ptr<ArchiveSource>> open_gzip(const Fd& archive, const std::function<void(std::uint64_t)>& on_read);

}  // namespace patchferry
