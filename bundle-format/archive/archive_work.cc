// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/archive_work.h"

namespace patchferry {

Result<Digest> rebuild_archive(const ArchiveWork& work, const Recipe& recipe, const OpenContent& open,
                               const std::function<void(ByteSpan)>& out) {
  Hasher hasher;
  auto done = work.rebuild(recipe, open, [&](ByteSpan part) {
    hasher.add(part);
    out(part);
  });
  if (!done) return tl::unexpected(std::move(done.error()));
  return hasher.finish();
}

}  // namespace patchferry
