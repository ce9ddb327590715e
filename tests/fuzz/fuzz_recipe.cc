// SPDX-License-Identifier: Apache-2.0
// Recipes: what is accepted is written the one way.
#include <cstdlib>

#include "bundle-format/archive/recipe.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto recipe = decode_recipe(bytes);
  if (!recipe) return 0;
  const Bytes again = encode_recipe(*recipe);
  if (again.size() != size || std::memcmp(again.data(), data, size) != 0) std::abort();
  return 0;
}
