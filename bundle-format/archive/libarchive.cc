// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/libarchive.h"

#include <cerrno>
#include <new>

#include "system/rel_path.h"

namespace patchferry {

Reader new_reader() {
  Reader reader(archive_read_new());
  if (!reader) throw std::bad_alloc();
  return reader;
}

std::string complaint_of(struct archive* reader) {
  if (archive_errno(reader) == ENOMEM) throw std::bad_alloc();
  const char* text = archive_error_string(reader);
  return text != nullptr ? printable(text) : "no reason given";
}

}  // namespace patchferry
