// SPDX-License-Identifier: Apache-2.0
#include "mirror/decompose.h"

#include <algorithm>
#include <set>

#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

Travel take_apart_again(Store& store, const StoredPatchset& patchset, Progress& progress) {
  const Fd archive = store.open_archive(patchset);
  LargeTurn turn;
  const auto apart = take_apart(archive, patchset.name, patchset.archive, ArchiveLimits{patchset.expanded_bytes},
                                store.contents(), turn, [&](std::uint64_t n) { progress.add(n); });
  if (!apart) throw SystemFailure("cannot read " + archive.path() + " any more: " + apart.error().text, 0);
  store.record_again(patchset, *apart);
  return apart->travel;
}

/// A content that is itself an archive which travels as it is cannot be two objects: then what holds it travels as it is, too.
void keep_whole(Store& store, std::vector<Piece>& pieces) {
  std::set<Digest> whole;
  for (const auto& [patchset, travel] : pieces)
    if (!travel.recipe) whole.insert(patchset.archive);
  if (whole.empty()) return;
  for (auto& [patchset, travel] : pieces) {
    const auto members = store.members(patchset.id);
    const bool holds_one =
        std::any_of(members.begin(), members.end(), [&](const Member& m) { return whole.count(m.content) != 0; });
    if (travel.recipe && holds_one) travel = {std::nullopt, 0, "it holds an archive that travels as it is"};
  }
}

}  // namespace

std::vector<Piece> decompose(Store& store, const Missing& missing) {
  std::vector<Piece> out;
  std::vector<std::size_t> again;
  std::uint64_t bytes = 0;
  for (const auto& patchset : missing.patchsets) {
    const auto travel = store.travel_of(patchset.archive);
    if (!travel || (travel->recipe && !store.has_contents(patchset))) {
      again.push_back(out.size());
      bytes += patchset.archive_bytes;
    }
    out.push_back({patchset, travel.value_or(Travel())});
  }
  if (!again.empty()) {
    Progress progress("taking apart", bytes);
    for (const std::size_t i : again) out[i].travel = take_apart_again(store, out[i].patchset, progress);
  }
  keep_whole(store, out);
  return out;
}

}  // namespace patchferry::mirror
