// SPDX-License-Identifier: Apache-2.0
#include "importer/holdings.h"

#include <algorithm>

#include "importer/objects.h"
#include "system/file.h"

namespace patchferry::importer {

bool Holdings::is_here(const Digest& object, std::uint64_t bytes) {
  const auto [place, is_new] = sizes_.try_emplace(object);
  if (is_new)
    if (const std::string path = site_.object_path(object); is_regular(path)) place->second = size_of(path);
  return place->second == bytes;
}

bool Holdings::has_contents(const KnownPatchset& patchset) {
  if (!patchset.contents_known) return false;
  const auto contents = contents_of(site_, patchset);
  return std::all_of(contents.begin(), contents.end(), [&](const Content& one) { return is_here(one.hash, one.bytes); });
}

bool Holdings::has_archive(const KnownPatchset& patchset) {
  if (in_arch(site_, patchset.name, patchset.archive_bytes)) return true;
  return patchset.recipe && check_parts(patchset);
}

bool Holdings::can_be_made(const KnownPatchset& patchset) {
  if (!patchset.recipe) return false;
  if (is_regular(site_.object_path(*patchset.recipe)) && has_contents(patchset)) return true;
  return check_parts(patchset).has_value();
}

Result<void> Holdings::check_parts(const KnownPatchset& patchset) {
  const auto recipe = Objects(site_).recipe(*patchset.recipe);
  if (!recipe) return tl::unexpected(recipe.error());
  return for_each_content(*recipe, [&](const Digest& hash, std::uint64_t bytes) -> Result<void> {
    if (!is_here(hash, bytes)) return missing_object(hash);
    return {};
  });
}

const char* archive_word(const Site& site, Holdings& holdings, const KnownPatchset& p) {
  if (in_arch(site, p.name, p.archive_bytes)) return "present";
  if (!holdings.can_be_made(p)) return "missing";
  return p.archive_state == ArchiveState::never ? "never" : "pending";
}

std::vector<KnownPatchset> owed(Site& site, bool also_never) {
  std::vector<KnownPatchset> out;
  for (auto& p : patchsets(site)) {
    if (!p.recipe || (p.archive_state == ArchiveState::never && !also_never)) continue;
    if (p.archive_state == ArchiveState::pending || !in_arch(site, p.name, p.archive_bytes)) out.push_back(std::move(p));
  }
  return out;
}

}  // namespace patchferry::importer
