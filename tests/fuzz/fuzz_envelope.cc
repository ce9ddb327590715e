// SPDX-License-Identifier: Apache-2.0
// Whatever is accepted as an envelope encodes to the same bytes.
#include <cstdlib>

#include "bundle-format/envelope.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto envelope = patchferry::decode_envelope(bytes)) {
    const auto again = patchferry::encode_envelope(*envelope);
    if (again.size() != size || std::memcmp(again.data(), data, size) != 0) std::abort();
  }
  return 0;
}
