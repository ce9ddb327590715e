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

Bytes encode_bases(const std::vector<BaseRecord>& bases) {
  ByteWriter w;
  for (const auto& b : bases) {
    w.u32(b.pack);
    w.u32(0);
    w.raw(b.object);
    w.u64(b.bytes);
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

Result<RecipeRecord> decode_recipe_record(ByteSpan bytes) {
  ByteReader r(bytes);
  RecipeRecord recipe;
  recipe.archive = r.array<32>();
  recipe.recipe = r.array<32>();
  const std::uint32_t by = r.u32();
  if (by > static_cast<std::uint32_t>(RebuildBy::recipe))
    return refuse(RefusalKind::unknown_format, "a recipe is of a kind that this program does not know",
                  "update patchferry on this side");
  recipe.by = static_cast<RebuildBy>(by);
  if (r.u32() != 0) return malformed("have something in a recipe's reserved bytes");
  recipe.archive_bytes = r.u64();
  if (r.failed() || r.left() != 0) return malformed("end in the middle of a recipe");
  if (recipe.by == RebuildBy::verbatim && recipe.archive != recipe.recipe)
    return malformed("hold a verbatim recipe that names another object");
  return recipe;
}

Result<PackRecord> decode_pack(ByteSpan bytes) {
  ByteReader r(bytes);
  PackRecord p;
  r.u32();  // its index, checked by who knows the place
  const std::uint32_t codec = r.u32();
  if (codec > static_cast<std::uint32_t>(Codec::zstd))
    return refuse(RefusalKind::unknown_format, "a pack is of a kind that this program does not know",
                  "update patchferry on this side");
  p.codec = static_cast<Codec>(codec);
  p.payload_offset = r.u64();
  p.stored_bytes = r.u64();
  p.expanded_bytes = r.u64();
  if (!r.zeros(32) || r.failed() || r.left() != 0) return malformed("have something in a pack's reserved bytes");
  if (p.codec == Codec::stored && p.stored_bytes != p.expanded_bytes) return malformed("hold a stored pack of two sizes");
  return p;
}

Result<BaseRecord> decode_base(ByteSpan bytes) {
  ByteReader r(bytes);
  BaseRecord b;
  b.pack = r.u32();
  if (r.u32() != 0) return malformed("have something in a base's reserved bytes");
  b.object = r.array<32>();
  b.bytes = r.u64();
  if (r.failed() || r.left() != 0) return malformed("end in the middle of a base");
  return b;
}

namespace {

Result<void> check_packs(const std::vector<PackRecord>& packs, ByteSpan bytes, std::uint64_t payload_bytes,
                         std::uint64_t ceiling) {
  std::uint64_t offset = 0;
  std::uint64_t expanded = 0;
  for (std::size_t i = 0; i < packs.size(); ++i) {
    const auto& p = packs[i];
    if (ByteReader(bytes.subspan(i * kPackRecordSize, 4)).u32() != i) return malformed("do not list the packs in order");
    if (p.payload_offset != offset || p.stored_bytes > payload_bytes - offset)
      return malformed("hold packs that do not lie in the payload without gap");
    offset += p.stored_bytes;
    if (p.expanded_bytes > ceiling - expanded)
      return refuse(RefusalKind::too_large, "the packs expand beyond the signed ceiling");
    expanded += p.expanded_bytes;
  }
  if (offset != payload_bytes) return malformed("hold packs that do not fill the payload");
  return {};
}

Result<void> check_objects(const Tables& tables) {
  for (std::size_t i = 0; i < tables.objects.size(); ++i) {
    const auto& o = tables.objects[i];
    if (i > 0 && !(tables.objects[i - 1].hash < o.hash)) return malformed("hold objects that are not sorted, or twice the same");
    if (o.pack >= tables.packs.size()) return malformed("hold an object of a pack that is not there");
    const std::uint64_t room = tables.packs[o.pack].expanded_bytes;
    if (o.offset > room || o.bytes > room - o.offset) return malformed("hold an object that does not lie in its pack");
  }
  return {};
}

Result<void> check_recipes(const Tables& tables) {
  for (std::size_t i = 0; i < tables.recipes.size(); ++i) {
    const auto& recipe = tables.recipes[i];
    if (i > 0 && !(tables.recipes[i - 1].archive < recipe.archive))
      return malformed("hold recipes that are not sorted, or twice the same");
    const ObjectRecord* object = find_object(tables, recipe.recipe);
    if (object == nullptr) return malformed("hold a recipe without its object");
    if (recipe.by == RebuildBy::verbatim && object->bytes != recipe.archive_bytes)
      return malformed("hold a verbatim recipe of another size than its object");
  }
  return {};
}

Result<void> check_bases(const Tables& tables) {
  std::uint64_t together = 0;
  for (std::size_t i = 0; i < tables.bases.size(); ++i) {
    const auto& base = tables.bases[i];
    const bool is_first = i == 0 || tables.bases[i - 1].pack != base.pack;
    if (i > 0 && tables.bases[i - 1].pack > base.pack) return malformed("hold bases that are not sorted");
    if (base.pack >= tables.packs.size() || tables.packs[base.pack].codec == Codec::stored)
      return malformed("hold a base of a pack that can have none");
    if (is_first) together = 0;
    if (base.bytes > kMaxPrefix - together)
      return refuse(RefusalKind::too_large, "the bases of a pack are larger than the format allows");
    together += base.bytes;
    if (const ObjectRecord* object = find_object(tables, base.object))
      if (object->pack >= base.pack || object->bytes != base.bytes)
        return malformed("hold a base that comes too late, or has two sizes");
  }
  return {};
}

}  // namespace

Result<Tables> decode_tables(const TableBytes& bytes, std::uint64_t payload_bytes, std::uint64_t expanded_ceiling) {
  Tables out;
  const auto read = [&](auto& into, ByteSpan table, std::size_t width, auto decode) -> Result<void> {
    auto all = decode_all<typename std::remove_reference_t<decltype(into)>::value_type>(table, width, decode);
    if (!all) return tl::unexpected(std::move(all.error()));
    into = std::move(*all);
    return {};
  };
  Result<void> good = read(out.packs, bytes.packs, kPackRecordSize, decode_pack);
  if (good) good = check_packs(out.packs, bytes.packs, payload_bytes, expanded_ceiling);
  if (good) good = read(out.objects, bytes.objects, kObjectRecordSize, decode_object);
  if (good) good = check_objects(out);
  if (good) good = read(out.recipes, bytes.recipes, kRecipeRecordSize, decode_recipe_record);
  if (good) good = check_recipes(out);
  if (good) good = read(out.bases, bytes.bases, kBaseRecordSize, decode_base);
  if (good) good = check_bases(out);
  if (!good) return tl::unexpected(std::move(good.error()));
  return out;
}

const ObjectRecord* find_object(const Tables& tables, const Digest& hash) {
  const auto found = std::lower_bound(tables.objects.begin(), tables.objects.end(), hash,
                                      [](const ObjectRecord& o, const Digest& wanted) { return o.hash < wanted; });
  return found == tables.objects.end() || found->hash != hash ? nullptr : &*found;
}

const RecipeRecord* find_recipe(const Tables& tables, const Digest& archive) {
  const auto found = std::lower_bound(tables.recipes.begin(), tables.recipes.end(), archive,
                                      [](const RecipeRecord& r, const Digest& wanted) { return r.archive < wanted; });
  return found == tables.recipes.end() || found->archive != archive ? nullptr : &*found;
}

std::vector<BaseRecord> bases_of(const Tables& tables, std::uint32_t pack) {
  const auto less = [](const BaseRecord& b, std::uint32_t wanted) { return b.pack < wanted; };
  const auto more = [](std::uint32_t wanted, const BaseRecord& b) { return wanted < b.pack; };
  const auto first = std::lower_bound(tables.bases.begin(), tables.bases.end(), pack, less);
  return {first, std::upper_bound(first, tables.bases.end(), pack, more)};
}

std::uint64_t memory_needed(const Tables& tables) {
  std::vector<std::uint64_t> prefix(tables.packs.size());
  for (const auto& base : tables.bases) prefix[base.pack] += base.bytes;
  std::uint64_t most = 0;
  for (std::size_t i = 0; i < tables.packs.size(); ++i)
    if (tables.packs[i].codec == Codec::zstd)
      most = std::max(most, prefix[i] + std::min(tables.packs[i].expanded_bytes, kMaxWindow));
  return most;
}

}  // namespace patchferry
