// SPDX-License-Identifier: Apache-2.0
#include "mirror/take_apart.h"

#include <fcntl.h>

#include "bundle-format/archive/dissect.h"
#include "mirror/likeness.h"

namespace patchferry::mirror {

Result<TakenApart> take_apart(const Fd& archive, const ArchiveName& name, const Digest& hash, const ArchiveLimits& limits,
                              const ContentStore& store, const std::function<void(std::uint64_t)>& on_read) {
  const SpoolFolder spool = store.fresh_spool("apart-" + name.patchset.text);
  const std::string& folder = spool.path();
  auto dissected = dissect(
      archive, name, hash, limits, folder, [&](const Digest& content) { return store.path(content); }, on_read);
  if (!dissected) return tl::unexpected(std::move(dissected.error()));

  TakenApart out;
  const Likeness likeness(name.patchset.product, dissected->contents);
  for (const auto& file : dissected->files) out.members.push_back({likeness.key(file.path), file.content, file.bytes});
  out.contents = std::move(dissected->contents);
  out.travel.why = std::move(dissected->why_none);
  if (dissected->recipe) {
    out.travel.recipe = dissected->recipe->hash();
    out.travel.recipe_bytes = dissected->recipe->bytes().size();
    const Fd file = open_file(folder + "/" + to_hex(*out.travel.recipe), O_WRONLY | O_CREAT | O_TRUNC, 0444);
    write_all(file, dissected->recipe->bytes());
  }
  store.take_in(folder);
  return out;
}

}  // namespace patchferry::mirror
