// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/rebuild.h"

#include "bundle-format/bzip2/packing.h"

namespace patchferry {

Result<Digest> rebuild_archive(const Recipe& recipe, const OpenContent& open, const std::function<void(ByteSpan)>& out) {
  Hasher hasher;
  auto packer = Bzip2Packer::open(recipe.packing, [&](ByteSpan part) {
    hasher.add(part);
    out(part);
  });
  if (!packer) return tl::unexpected(std::move(packer.error()));
  RecipeSource stream(recipe, open);
  for (;;) {
    auto part = stream.next();
    if (!part) return tl::unexpected(std::move(part.error()));
    if (part->empty()) break;
    packer->add(*part);
  }
  if (auto done = packer->finish(); !done) return tl::unexpected(std::move(done.error()));
  return hasher.finish();
}

}  // namespace patchferry
