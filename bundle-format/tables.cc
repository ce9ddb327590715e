// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/tables.h"

#include <algorithm>

namespace patchferry {

namespace {

tl::unexpected<Refusal> malformed(const char* why) { return refuse(RefusalKind::malformed, std::string("the tables ") + why); }

template <class Record, class Decode>
Result<std::vector<Record>> decode_all(ByteSpan bytes, std::size_t width, Decode decode) {
  if (bytes.size() % width != 0) return malformed("end in the middle of a record");
  std::vector<Record> records;
  records.reserve(bytes.size() / width);
  for (std::size_t at = 0; at < bytes.size(); at += width) {
    auto record = decode(bytes.subspan(at, width));
    if (!record) return tl::unexpected(std::move(record.error()));
    records.push_back(std::move(*record));
  }
  return records;
}

}  // namespace

Bytes encode_objects(const std::vector<ObjectRecord>& objects) {
  ByteWriter w;
  for (const auto& o : objects) {
    w.raw(o.hash);
    w.u64(o.bytes);
    w.u32(o.pack);
    w.u32(0);
    w.u64(o.offset);
    w.u64(0);
  }
  return w.take();
}

Bytes encode_recipes(const std::vector<RecipeRecord>& recipes) {
  ByteWriter w;
  for (const auto& r : recipes) {
    w.raw(r.archive);
    w.raw(r.recipe);
    w.u32(static_cast<std::uint32_t>(r.by));
    w.u32(0);
    w.u64(r.archive_bytes);
  }
  return w.take();
}

Bytes encode_packs(const std::vector<PackRecord>& packs) {
  ByteWriter w;
  std::uint32_t index = 0;
  for (const auto& p : packs) {
    w.u32(index++);
    w.u32(static_cast<std::uint32_t>(p.codec));
    w.u64(p.payload_offset);
    w.u64(p.stored_bytes);
    w.u64(p.expanded_bytes);
    w.zeros(32);
  }
  return w.take();
}

Result<ObjectRecord> decode_object(ByteSpan bytes) {
  ByteReader r(bytes);
  ObjectRecord o;
  o.hash = r.array<32>();
  o.bytes = r.u64();
  o.pack = r.u32();
  if (r.u32() != 0) return malformed("have something in an object's reserved bytes");
  o.offset = r.u64();
  if (r.u64() != 0 || r.failed() || r.left() != 0) return malformed("have something in an object's reserved bytes");
  return o;
}

Result<RecipeRecord> decode_recipe(ByteSpan bytes) {
  ByteReader r(bytes);
  RecipeRecord recipe;
  recipe.archive = r.array<32>();
  recipe.recipe = r.array<32>();
  const std::uint32_t by = r.u32();
  if (by != static_cast<std::uint32_t>(RebuildBy::verbatim))
    return refuse(RefusalKind::unknown_format, "a recipe is of a kind that this program does not know",
                  "update patchferry on this side");
  if (r.u32() != 0) return malformed("have something in a recipe's reserved bytes");
  recipe.archive_bytes = r.u64();
  if (r.failed() || r.left() != 0) return malformed("end in the middle of a recipe");
  if (recipe.archive != recipe.recipe) return malformed("hold a verbatim recipe that names another object");
  return recipe;
}

Result<PackRecord> decode_pack(ByteSpan bytes) {
  ByteReader r(bytes);
  PackRecord p;
  r.u32();  // its index, checked by who knows the place
  const std::uint32_t codec = r.u32();
  if (codec != static_cast<std::uint32_t>(Codec::stored))
    return refuse(RefusalKind::unknown_format, "a pack is of a kind that this program does not know",
                  "update patchferry on this side");
  p.payload_offset = r.u64();
  p.stored_bytes = r.u64();
  p.expanded_bytes = r.u64();
  if (!r.zeros(32) || r.failed() || r.left() != 0) return malformed("have something in a pack's reserved bytes");
  if (p.stored_bytes != p.expanded_bytes) return malformed("hold a stored pack of two sizes");
  return p;
}

Result<Tables> decode_tables(ByteSpan objects, ByteSpan recipes, ByteSpan packs, std::uint64_t payload_bytes,
                             std::uint64_t expanded_ceiling) {
  Tables out;
  auto all_packs = decode_all<PackRecord>(packs, kPackRecordSize, decode_pack);
  if (!all_packs) return tl::unexpected(std::move(all_packs.error()));
  out.packs = std::move(*all_packs);
  std::uint64_t offset = 0;
  std::uint64_t expanded = 0;
  for (std::size_t i = 0; i < out.packs.size(); ++i) {
    const auto& p = out.packs[i];
    if (ByteReader(packs.subspan(i * kPackRecordSize, 4)).u32() != i) return malformed("do not list the packs in order");
    if (p.payload_offset != offset || p.stored_bytes > payload_bytes - offset)
      return malformed("hold packs that do not lie in the payload without gap");
    offset += p.stored_bytes;
    if (p.expanded_bytes > expanded_ceiling - expanded)
      return refuse(RefusalKind::too_large, "the packs expand beyond the signed ceiling");
    expanded += p.expanded_bytes;
  }
  if (offset != payload_bytes) return malformed("hold packs that do not fill the payload");

  auto all_objects = decode_all<ObjectRecord>(objects, kObjectRecordSize, decode_object);
  if (!all_objects) return tl::unexpected(std::move(all_objects.error()));
  out.objects = std::move(*all_objects);
  for (std::size_t i = 0; i < out.objects.size(); ++i) {
    const auto& o = out.objects[i];
    if (i > 0 && !(out.objects[i - 1].hash < o.hash)) return malformed("hold objects that are not sorted, or twice the same");
    if (o.pack >= out.packs.size()) return malformed("hold an object of a pack that is not there");
    const std::uint64_t room = out.packs[o.pack].expanded_bytes;
    if (o.offset > room || o.bytes > room - o.offset) return malformed("hold an object that does not lie in its pack");
  }

  auto all_recipes = decode_all<RecipeRecord>(recipes, kRecipeRecordSize, decode_recipe);
  if (!all_recipes) return tl::unexpected(std::move(all_recipes.error()));
  out.recipes = std::move(*all_recipes);
  for (std::size_t i = 0; i < out.recipes.size(); ++i) {
    const auto& recipe = out.recipes[i];
    if (i > 0 && !(out.recipes[i - 1].archive < recipe.archive))
      return malformed("hold recipes that are not sorted, or twice the same");
    const auto object = std::lower_bound(out.objects.begin(), out.objects.end(), recipe.recipe,
                                         [](const ObjectRecord& o, const Digest& hash) { return o.hash < hash; });
    if (object == out.objects.end() || object->hash != recipe.recipe || object->bytes != recipe.archive_bytes)
      return malformed("hold a verbatim recipe without its object");
  }
  return out;
}

}  // namespace patchferry
