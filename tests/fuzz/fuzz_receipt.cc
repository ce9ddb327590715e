// SPDX-License-Identifier: Apache-2.0
// Receipts: nothing unsigned is accepted, and what is accepted is written the one way.
#include <cstdlib>

#include "bundle-format/receipt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto receipt = decode_receipt(text))
    if (text.find(encode_receipt_body(receipt->receipt)) == std::string_view::npos) std::abort();
  return 0;
}
