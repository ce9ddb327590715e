// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "bundle-format/notice.h"

using namespace patchferry;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto text = as_text(std::as_bytes(std::span(data, size)));
  (void)decode_challenge(text);
  const auto token = decode_token(text);
  if (!token) return 0;
  // Whatever is accepted is one token: written again, it reads the same.
  const auto again = decode_token(encode_token(*token));
  if (!again || !(*again == *token)) std::abort();
  return 0;
}
