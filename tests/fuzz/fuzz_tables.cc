// SPDX-License-Identifier: Apache-2.0
// The three tables of the small bundle: two records each, in the order in which they travel.
#include <cstdlib>

#include "bundle-format/tables.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  const auto bytes = std::as_bytes(std::span(data, size));
  const std::size_t objects = std::min(size, 2 * kObjectRecordSize);
  const std::size_t recipes = std::min(size - objects, 2 * kRecipeRecordSize);
  const auto tables =
      decode_tables(bytes.first(objects), bytes.subspan(objects, recipes), bytes.subspan(objects + recipes), 9060, 1 << 20);
  if (!tables) return 0;
  Bytes again = encode_objects(tables->objects);
  for (const auto& part : {encode_recipes(tables->recipes), encode_packs(tables->packs)})
    again.insert(again.end(), part.begin(), part.end());
  if (again.size() != size || std::memcmp(again.data(), data, size) != 0) std::abort();
  return 0;
}
