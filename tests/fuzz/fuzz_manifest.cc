// SPDX-License-Identifier: Apache-2.0
// Whatever is accepted as a manifest encodes to the same text.
#include <cstdlib>

#include "bundle-format/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  // The statement that the seed belongs to, as far as a manifest is compared with one.
  Statement statement;
  statement.audience = audience_of("plant1");
  statement.sequence = 7;
  statement.patchsets = 2;
  statement.objects = 2;
  statement.table_bytes = 2 * (64 + 80 + 64);
  statement.expanded_bytes = 1 << 20;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto manifest = decode_manifest(text, statement))
    if (encode_manifest(*manifest) != text) std::abort();
  return 0;
}
