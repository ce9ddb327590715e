// SPDX-License-Identifier: Apache-2.0
// Base32 typed by people: what is accepted is, but for case and what stands between, the one encoding of its bytes.
#include <cctype>
#include <cstdlib>

#include "system/base32.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto bytes = decode_base32(text);
  if (!bytes) return 0;
  std::string plain;
  for (const char c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) plain += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (encode_base32(*bytes) != plain) std::abort();
  return 0;
}
