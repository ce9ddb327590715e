// SPDX-License-Identifier: Apache-2.0
// Names that are accepted are within the grammar, and an archive's name is its patchset's with an ending.
#include <cstdint>
#include <cstdlib>

#include "bundle-format/patchset_name.h"
#include "system/rel_path.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto name = parse_patchset_name(text)) {
    const bool sound = name->text == text && is_plain_name(name->text) && !name->product.empty() && is_valid(name->released) &&
                       name->number >= 1 && name->number <= 9999;
    const auto archive = parse_archive_name(name->text + ".tar.bz2");
    if (!sound || !archive || !(archive->patchset == *name)) std::abort();
  }
  if (const auto archive = parse_archive_name(text))
    if (archive->file != text || !is_plain_name(archive->file) || !text.starts_with(archive->patchset.text)) std::abort();
  return 0;
}
