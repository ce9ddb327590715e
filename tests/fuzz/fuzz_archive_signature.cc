// SPDX-License-Identifier: Apache-2.0
// Whatever is accepted as an archive's signature encodes to the same bytes.
#include <cstdlib>

#include "bundle-format/archive_signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto signature = decode_archive_signature(bytes);
  if (!signature) return 0;
  const Bytes again = encode_archive_signature(*signature);
  if (again.size() != size || std::memcmp(again.data(), data, size) != 0) std::abort();
  return 0;
}
