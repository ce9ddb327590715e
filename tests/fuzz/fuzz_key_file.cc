// SPDX-License-Identifier: Apache-2.0
// Key files: public ones have one encoding; secret ones are only ever opened or refused.
#include <cstdlib>

#include "bundle-format/write/signing_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto key = decode_public_key(text))
    if (encode_public_key(*key) != text) std::abort();
  if (!needs_password(text)) (void)SigningKey::decode(text, "");  // sealed ones cost a second each
  return 0;
}
