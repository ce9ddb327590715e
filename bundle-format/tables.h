// SPDX-License-Identifier: Apache-2.0
// Objects, recipes, packs and bases: sorted tables of fixed-width records (SPEC.md "Tables"), so that they can be
// streamed and searched without being held in memory as a whole.
//
// An object is a content that travels, once a bundle. A pack is a run of the payload that expands to objects; its bases
// are contents that the expanding program holds before it begins: at the site already, or out of an earlier pack. A
// recipe says how an archive is rebuilt; `verbatim` means that the object of that hash is the archive itself.
#pragma once

#include <cstdint>
#include <vector>

#include "bundle-format/hash.h"
#include "system/refusal.h"

namespace patchferry {

constexpr std::size_t kObjectRecordSize = 64;
constexpr std::size_t kRecipeRecordSize = 80;
constexpr std::size_t kPackRecordSize = 64;
constexpr std::size_t kBaseRecordSize = 48;

/// What one pack may ask of the memory of who expands it.
constexpr std::uint64_t kMaxPrefix = 64ULL << 20;   // its bases together
constexpr std::uint64_t kMaxWindow = 128ULL << 20;  // how far back it may refer
constexpr std::uint64_t kMaxMemory = 128ULL << 20;  // bases, and what of its own contents must be held

struct ObjectRecord {
  Digest hash{};
  std::uint64_t bytes = 0;
  std::uint32_t pack = 0;
  std::uint64_t offset = 0;  // in the expanded pack
  bool operator==(const ObjectRecord&) const = default;
};

enum class RebuildBy : std::uint32_t { verbatim = 0, recipe = 1 };

struct RecipeRecord {
  Digest archive{};
  Digest recipe{};  // object that holds the recipe (archive/recipe.h); of a verbatim archive: the archive
  RebuildBy by = RebuildBy::verbatim;
  std::uint64_t archive_bytes = 0;
  bool operator==(const RecipeRecord&) const = default;
};

enum class Codec : std::uint32_t { stored = 0, zstd = 1 };

struct PackRecord {
  Codec codec = Codec::stored;
  std::uint64_t payload_offset = 0;
  std::uint64_t stored_bytes = 0;
  std::uint64_t expanded_bytes = 0;
  bool operator==(const PackRecord&) const = default;
};

struct BaseRecord {
  std::uint32_t pack = 0;
  Digest object{};
  std::uint64_t bytes = 0;
  bool operator==(const BaseRecord&) const = default;
};

struct Tables {
  std::vector<ObjectRecord> objects;  // ascending by hash, distinct
  std::vector<RecipeRecord> recipes;  // ascending by archive, distinct
  std::vector<PackRecord> packs;      // ascending by payload offset, gapless
  std::vector<BaseRecord> bases;      // ascending by pack; within a pack, in the order of its prefix
  bool operator==(const Tables&) const = default;
};

Bytes encode_objects(const std::vector<ObjectRecord>& objects);
Bytes encode_recipes(const std::vector<RecipeRecord>& recipes);
Bytes encode_packs(const std::vector<PackRecord>& packs);
Bytes encode_bases(const std::vector<BaseRecord>& bases);

/// One record each, for readers that stream. `bytes` is exactly one record, authenticated.
Result<ObjectRecord> decode_object(ByteSpan bytes);
Result<RecipeRecord> decode_recipe(ByteSpan bytes);
Result<PackRecord> decode_pack(ByteSpan bytes);
Result<BaseRecord> decode_base(ByteSpan bytes);

/// The tables as they lie in a bundle.
struct TableBytes {
  ByteSpan objects;
  ByteSpan recipes;
  ByteSpan packs;
  ByteSpan bases;
};

/// All tables, each checked for order and against each other: packs are gapless and fill `payload_bytes`, objects lie
/// within their packs, recipes name objects, bases are of an earlier pack or none of this bundle's. Memory: the records.
Result<Tables> decode_tables(const TableBytes& bytes, std::uint64_t payload_bytes, std::uint64_t expanded_ceiling);

/// Nullptr: it does not travel.
const ObjectRecord* find_object(const Tables& tables, const Digest& hash);
const RecipeRecord* find_recipe(const Tables& tables, const Digest& archive);
/// A pack's bases.
std::vector<BaseRecord> bases_of(const Tables& tables, std::uint32_t pack);
/// Most bytes of memory that expanding any of the packs takes: bases and window.
std::uint64_t memory_needed(const Tables& tables);

}  // namespace patchferry
