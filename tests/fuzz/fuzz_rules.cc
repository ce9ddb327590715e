// SPDX-License-Identifier: Apache-2.0
// The rules of a feed, as the database keeps them: what is accepted is written the same way again.
#include <cstdlib>

#include "importer/rules/rules_json.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace patchferry::importer;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto rules = decode_rules(text))
    if (encode_rules(*rules) != text) std::abort();
  return 0;
}
