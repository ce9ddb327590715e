// SPDX-License-Identifier: Apache-2.0
#include "mirror/take_apart.h"

#include <fcntl.h>

#include "bundle-format/archive/dissect.h"
#include "mirror/likeness.h"
#include "terminal/output.h"
#include "unpacker/unpacker.h"

namespace patchferry::mirror {

namespace {

bool drop_rotten(const Dissected& dissected, const ArchiveName& name, const ContentStore& store) {
  bool found = false;
  for (const auto& file : dissected.files)
    if (store.drop_if_rotten(file.content)) {
      found = true;
      warn(store.path(file.content) + " had changed on this disk, and was taken out of " + name.file +
           " anew; the disk may be failing");
    }
  return found;
}

}  // namespace

Result<TakenApart> take_apart(const Fd& archive, const ArchiveName& name, const Digest& hash, const ArchiveLimits& limits,
                              const ContentStore& store, LargeTurn& turn, const std::function<void(std::uint64_t)>& on_read) {
  const SpoolFolder spool = store.fresh_spool("apart-" + name.patchset.text);
  const std::string& folder = spool.path();
  const auto path_of_kept = [&](const Digest& content) { return store.path(content); };
  auto dissected = dissect(unpacker::archive_work(), archive, name, hash, limits, folder, path_of_kept, turn, on_read);
  // No proof may be the fault of contents that were here before, and have rotted: then it is not the archive's.
  if (dissected && !dissected->recipe && drop_rotten(*dissected, name, store))
    dissected = dissect(unpacker::archive_work(), archive, name, hash, limits, folder, path_of_kept, turn);
  if (!dissected) return tl::unexpected(std::move(dissected.error()));

  TakenApart out;
  const Likeness likeness(name.patchset.product, dissected->contents);
  out.members.reserve(dissected->files.size());
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
