// SPDX-License-Identifier: Apache-2.0
// Objects, recipes and packs: sorted tables of fixed-width records (SPEC.md "Tables"), so that they can be
// streamed and searched without being held in memory as a whole.
//
// An object is a content that travels, once a bundle. A pack is a run of the payload that unpacks to objects. A recipe
// says how an archive is rebuilt; `verbatim` means that the object of that hash is the archive itself.
#pragma once

#include <cstdint>
#include <vector>

#include "bundle-format/hash.h"
#include "system/refusal.h"

namespace patchferry {

constexpr std::size_t kObjectRecordSize = 64;
constexpr std::size_t kRecipeRecordSize = 80;
constexpr std::size_t kPackRecordSize = 64;

struct ObjectRecord {
  Digest hash{};
  std::uint64_t bytes = 0;
  std::uint32_t pack = 0;
  std::uint64_t offset = 0;  // in the expanded pack
  bool operator==(const ObjectRecord&) const = default;
};

enum class RebuildBy : std::uint32_t { verbatim = 0 };

struct RecipeRecord {
  Digest archive{};
  Digest recipe{};  // object that holds the recipe; of a verbatim archive: the archive
  RebuildBy by = RebuildBy::verbatim;
  std::uint64_t archive_bytes = 0;
  bool operator==(const RecipeRecord&) const = default;
};

enum class Codec : std::uint32_t { stored = 0 };

struct PackRecord {
  Codec codec = Codec::stored;
  std::uint64_t payload_offset = 0;
  std::uint64_t stored_bytes = 0;
  std::uint64_t expanded_bytes = 0;
  bool operator==(const PackRecord&) const = default;
};

struct Tables {
  std::vector<ObjectRecord> objects;  // ascending by hash, distinct
  std::vector<RecipeRecord> recipes;  // ascending by archive, distinct
  std::vector<PackRecord> packs;      // ascending by payload offset, gapless
  bool operator==(const Tables&) const = default;
};

Bytes encode_objects(const std::vector<ObjectRecord>& objects);
Bytes encode_recipes(const std::vector<RecipeRecord>& recipes);
Bytes encode_packs(const std::vector<PackRecord>& packs);

/// One record each, for readers that stream. `bytes` is exactly one record, authenticated.
Result<ObjectRecord> decode_object(ByteSpan bytes);
Result<RecipeRecord> decode_recipe(ByteSpan bytes);
Result<PackRecord> decode_pack(ByteSpan bytes);

/// All three tables, each checked for order and against each other: packs are gapless and fill `payload_bytes`, objects
/// lie within their packs, verbatim recipes name objects of the archive's size. Memory: the records.
Result<Tables> decode_tables(ByteSpan objects, ByteSpan recipes, ByteSpan packs, std::uint64_t payload_bytes,
                             std::uint64_t expanded_ceiling);

}  // namespace patchferry
