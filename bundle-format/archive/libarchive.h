// SPDX-License-Identifier: Apache-2.0
// libarchive's reader as a value that frees itself, and its complaints as text.
#pragma once

#include <archive.h>
#include <memory>
#include <string>

namespace patchferry {

struct FreeReader {
  void operator()(struct archive* reader) const noexcept { archive_read_free(reader); }
};
using Reader = std::unique_ptr<struct archive, FreeReader>;

Reader new_reader();
/// What libarchive has to say, safe to print. Running out of memory is not the archive's fault: bad_alloc.
std::string complaint_of(struct archive* reader);

}  // namespace patchferry
