// SPDX-License-Identifier: Apache-2.0
// Whatever is accepted as a statement encodes to the same bytes.
#include <cstdlib>

#include "bundle-format/statement.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto statement = patchferry::decode_statement(bytes)) {
    const auto again = patchferry::encode_statement(*statement);
    if (std::memcmp(again.data(), data, size) != 0) std::abort();
  }
  return 0;
}
