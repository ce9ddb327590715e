// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/recipe.h"

#include <algorithm>
#include <cassert>

namespace patchferry {

namespace {

constexpr std::string_view kMagic = "PFRECIPE";
constexpr std::uint64_t kContent = 1ULL << 63;  // in the length of a part
constexpr std::size_t kHeader = 40;
constexpr std::uint64_t kMaxParts = 500'000;

tl::unexpected<Refusal> malformed(const char* why) { return refuse(RefusalKind::malformed, std::string("a recipe ") + why); }

/// Grows by doubling, but what is dropped at the front is gone at once.
void append(Bytes& to, ByteSpan bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

}  // namespace

std::uint64_t Recipe::stream_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& part : parts) bytes += part.bytes;
  return bytes;
}

Bytes encode_recipe(const Recipe& recipe) {
  ByteWriter w;
  w.raw(as_bytes(kMagic));
  w.u64(recipe.parts.size());
  w.u64(recipe.contents.size());
  w.u64(recipe.literals.size());
  w.u64(recipe.packing.size());
  for (const auto& part : recipe.parts) w.u64(part.bytes | (part.is_content ? kContent : 0));
  for (const auto& hash : recipe.contents) w.raw(hash);
  w.raw(recipe.literals);
  w.raw(recipe.packing);
  return w.take();
}

Result<Recipe> decode_recipe(ByteSpan bytes) {
  if (bytes.size() > kMaxRecipe) return refuse(RefusalKind::too_large, "a recipe is larger than the format allows");
  ByteReader r(bytes);
  if (as_text(r.raw(kMagic.size())) != kMagic) return malformed("does not begin like one");
  const std::uint64_t parts = r.u64();
  const std::uint64_t contents = r.u64();
  const std::uint64_t literals = r.u64();
  const std::uint64_t packing = r.u64();
  if (r.failed() || parts > kMaxParts || contents > parts || literals > kMaxRecipe || packing > kMaxRecipe ||
      kHeader + parts * 8 + contents * 32 + literals + packing != bytes.size())
    return malformed("has another length than it says");

  Recipe out;
  out.parts.reserve(static_cast<std::size_t>(parts));
  std::uint64_t found = 0;
  std::uint64_t literal = 0;
  std::uint64_t stream = 0;
  for (std::uint64_t i = 0; i < parts; ++i) {
    const std::uint64_t length = r.u64();
    RecipePart part{length & ~kContent, (length & kContent) != 0, 0};
    if (part.bytes == 0) return malformed("has a part of no bytes");
    if (part.bytes > kContent - 1 - stream) return malformed("makes an impossible size");
    stream += part.bytes;
    if (!part.is_content && !out.parts.empty() && !out.parts.back().is_content)
      return malformed("has two literal parts in a row");
    if (part.is_content)
      part.contents = found++;
    else if (part.bytes > literals - literal)
      return malformed("has fewer literal bytes than its parts take");
    else
      literal += part.bytes;
    out.parts.push_back(part);
  }
  if (found != contents || literal != literals) return malformed("holds more than its parts take");
  for (std::uint64_t i = 0; i < contents; ++i) out.contents.push_back(r.array<32>());
  const ByteSpan text = r.raw(static_cast<std::size_t>(literals));
  out.literals.assign(text.begin(), text.end());
  const ByteSpan how = r.raw(static_cast<std::size_t>(packing));
  out.packing.assign(how.begin(), how.end());
  return out;
}

void RecipeWriter::stream(ByteSpan bytes) {
  const auto part = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(skipping_, bytes.size())));
  skipping_ -= part.size();
  begin_ += part.size();
  append(held_, bytes.subspan(part.size()));
}

void RecipeWriter::literal(ByteSpan bytes) {
  if (bytes.empty()) return;
  if (recipe_.parts.empty() || recipe_.parts.back().is_content) recipe_.parts.push_back({0, false, 0});
  recipe_.parts.back().bytes += bytes.size();
  append(recipe_.literals, bytes);
}

bool RecipeWriter::content(std::uint64_t offset, std::uint64_t bytes) {
  if (skipping_ != 0 || offset < begin_ || offset - begin_ > held_.size() || bytes == 0) return false;
  const auto before = static_cast<std::size_t>(offset - begin_);
  literal(ByteSpan(held_).first(before));
  const auto passed = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, held_.size() - before));
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(before + passed));
  begin_ += before + passed;
  skipping_ = bytes - passed;
  recipe_.parts.push_back({bytes, true, recipe_.contents.size()});
  return true;
}

Recipe RecipeWriter::finish() {
  literal(held_);
  return std::move(recipe_);
}

}  // namespace patchferry
