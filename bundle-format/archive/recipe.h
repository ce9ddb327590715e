// SPDX-License-Identifier: Apache-2.0
// How an archive is made again from contents (SPEC.md "Recipes"): its tar stream as a row of literal bytes (headers,
// padding, whatever is no member's content) and contents named by hash, and how that stream is packed.
//
// A recipe knows nothing of tar: wherever the cuts lie, the same bytes come back. It travels, and is kept, as an object.
// Memory: kMaxRecipe; an archive that would need more travels verbatim.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "bundle-format/hash.h"
#include "system/bytes.h"
#include "system/refusal.h"

namespace patchferry {

constexpr std::uint64_t kMaxRecipe = 64ULL << 20;  // bytes, encoded

struct RecipePart {
  std::uint64_t bytes = 0;     // at least 1
  bool is_content = false;     // else: the next literal bytes
  std::uint64_t contents = 0;  // index into Recipe::contents
};

struct Recipe {
  std::vector<RecipePart> parts;  // no two literal parts in a row
  std::vector<Digest> contents;   // of the parts that are contents, in order
  Bytes literals;
  Bytes packing;  // bzip2/packing.h: from the stream to the archive

  std::uint64_t stream_bytes() const;
};

/// Calls `f(hash, bytes)` for each part that is a content, in order, as often as it occurs, until one is refused.
template <class F>
Result<void> for_each_content(const Recipe& recipe, F f) {
  for (const auto& part : recipe.parts) {
    if (!part.is_content) continue;
    if (Result<void> good = f(recipe.contents[static_cast<std::size_t>(part.contents)], part.bytes); !good) return good;
  }
  return {};
}

Bytes encode_recipe(const Recipe& recipe);
/// Accepts precisely what encode_recipe() writes. The packing is left to bzip2/packing.h.
Result<Recipe> decode_recipe(ByteSpan bytes);

/// Builds a recipe while a tar stream passes by: its bytes by stream(), and where a content begins in it by content().
class RecipeWriter {
 public:
  /// The next bytes of the stream.
  void stream(ByteSpan bytes);
  /// The `bytes` (at least 1) from `offset` on, which lies behind all contents before, are one content; its hash follows.
  /// Some of them may have passed by. False if they cannot lie there: they remain literal.
  bool content(std::uint64_t offset, std::uint64_t bytes);
  void hash(const Digest& content) { recipe_.contents.push_back(content); }
  /// Bytes that are literal, or may turn out to be.
  std::uint64_t held() const { return recipe_.literals.size() + held_.size(); }
  /// More literal bytes than a recipe may hold.
  bool is_too_large() const { return held() > kMaxRecipe / 2; }
  /// Of the whole stream, without packing.
  Recipe finish();

 private:
  void literal(ByteSpan bytes);

  Recipe recipe_;
  Bytes held_;                  // passed by, not yet known to be literal
  std::uint64_t begin_ = 0;     // of held_, in the stream
  std::uint64_t skipping_ = 0;  // bytes of a content that are still to pass by
};

}  // namespace patchferry
