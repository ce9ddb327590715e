// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "bundle-format/write/site_secret.h"

using namespace patchferry;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto text = as_text(std::as_bytes(std::span(data, size)));
  if (const auto key = decode_site_public_key(text); key && encode_site_public_key(*key) != text) std::abort();
  if (const auto secret = decode_site_secret(text); secret && encode_site_secret(*secret) != text) std::abort();
  return 0;
}
