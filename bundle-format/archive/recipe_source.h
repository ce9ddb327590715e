// SPDX-License-Identifier: Apache-2.0
// The tar stream that a recipe describes, as a source. Its contents are opened one at a time, when they are read.
#pragma once

#include <functional>

#include "bundle-format/archive/recipe.h"
#include "bundle-format/archive/tar_source.h"
#include "system/file.h"

namespace patchferry {

/// The content of that hash, `bytes` long; refused (incomplete) if it is not there, or has another length.
using OpenContent = std::function<Result<Fd>(const Digest& hash, std::uint64_t bytes)>;

class RecipeSource : public TarSource {
 public:
  /// `recipe` must outlive this.
  RecipeSource(const Recipe& recipe, OpenContent open) : recipe_(recipe), open_(std::move(open)), buffer_(kChunk) {}

  Result<ByteSpan> next() override;
  Result<bool> offer_known(const RelPath& path, std::uint64_t bytes, MemberSink& sink) override;
  std::uint64_t skip(std::uint64_t bytes) override;

 private:
  static constexpr std::size_t kChunk = 256 << 10;

  const RecipePart* part() const { return part_ < recipe_.parts.size() ? &recipe_.parts[part_] : nullptr; }
  void end_part();

  const Recipe& recipe_;
  OpenContent open_;
  Bytes buffer_;
  std::size_t part_ = 0;
  std::uint64_t done_ = 0;      // bytes of this part
  std::uint64_t literals_ = 0;  // bytes of literals given
  Fd content_;
};

}  // namespace patchferry
