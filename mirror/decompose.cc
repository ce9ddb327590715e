// SPDX-License-Identifier: Apache-2.0
#include "mirror/decompose.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>

#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

bool is_whole(Store& store, const StoredPatchset& patchset, const Travel& travel) {
  if (!travel.recipe) return true;
  if (!store.contents().has(*travel.recipe)) return false;
  const auto members = store.members(patchset.id);
  return std::all_of(members.begin(), members.end(), [&](const Member& m) { return store.contents().has(m.content); });
}

Travel take_apart_again(Store& store, const StoredPatchset& patchset, Progress& progress) {
  const std::string path = store.archive_path(patchset.name.file);
  const char* hint = "give the vendor's archive to 'patchferry mirror add' once more, then export again";
  if (!exists(path)) throw SystemFailure("cannot ship " + path + ": it is not there any more", ENOENT, hint);
  const Fd archive = open_file(path, O_RDONLY);
  if (hash_file(archive) != patchset.archive)
    throw SystemFailure("cannot ship " + path + ": its bytes are no longer those that were added", 0,
                        std::string("the disk may be failing; ") + hint);
  const auto apart = take_apart(archive, patchset.name, patchset.archive, ArchiveLimits{patchset.expanded_bytes},
                                store.contents(), [&](std::uint64_t n) { progress.add(n); });
  if (!apart) throw SystemFailure("cannot read " + path + " any more: " + apart.error().text, 0, hint);
  store.record_again(patchset, *apart);
  return apart->travel;
}

}  // namespace

std::vector<Piece> decompose(Store& store, const Missing& missing) {
  std::vector<Piece> out;
  std::vector<std::size_t> again;
  std::uint64_t bytes = 0;
  for (const auto& patchset : missing.patchsets) {
    const auto travel = store.travel_of(patchset.archive);
    if (!travel || !is_whole(store, patchset, *travel)) {
      again.push_back(out.size());
      bytes += patchset.archive_bytes;
    }
    out.push_back({patchset, travel.value_or(Travel())});
  }
  if (again.empty()) return out;
  Progress progress("taking apart", bytes);
  for (const std::size_t i : again) out[i].travel = take_apart_again(store, out[i].patchset, progress);
  return out;
}

}  // namespace patchferry::mirror
