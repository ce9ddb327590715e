// SPDX-License-Identifier: Apache-2.0
// Tables in the order in which they travel: two objects, two recipes, two packs, and bases.
#include <cstdlib>

#include "bundle-format/tables.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  const auto bytes = std::as_bytes(std::span(data, size));
  const std::size_t objects = std::min(size, 2 * kObjectRecordSize);
  const std::size_t recipes = std::min(size - objects, 2 * kRecipeRecordSize);
  const std::size_t packs = std::min(size - objects - recipes, 2 * kPackRecordSize);
  const TableBytes parts{bytes.first(objects), bytes.subspan(objects, recipes), bytes.subspan(objects + recipes, packs),
                         bytes.subspan(objects + recipes + packs)};
  const auto tables = decode_tables(parts, 9060, 1 << 20);
  if (!tables) return 0;
  Bytes again = encode_objects(tables->objects);
  for (const auto& part : {encode_recipes(tables->recipes), encode_packs(tables->packs), encode_bases(tables->bases)})
    again.insert(again.end(), part.begin(), part.end());
  if (again.size() != size || std::memcmp(again.data(), data, size) != 0) std::abort();
  return 0;
}
