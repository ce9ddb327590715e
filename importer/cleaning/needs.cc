// SPDX-License-Identifier: Apache-2.0
#include "importer/cleaning/needs.h"

#include <algorithm>
#include <boost/filesystem.hpp>

#include "system/file.h"

namespace patchferry::importer {

namespace {

/// Of regular files beneath a tree that are no links to an object: copies, where a file had too many names, and pointers.
std::uint64_t bytes_of_its_own(const std::string& tree) {
  namespace fs = boost::filesystem;
  std::uint64_t total = 0;
  boost::system::error_code error;
  for (fs::recursive_directory_iterator it(tree, error), end; !error && it != end; it.increment(error)) {
    struct stat st {};
    if (::lstat(it->path().c_str(), &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1)
      total += static_cast<std::uint64_t>(st.st_size);
  }
  return total;
}

}  // namespace

ObjectNeeds::ObjectNeeds(Site& site, const std::set<std::int64_t>& without) {
  Query contents(site.db(), "SELECT patchset, sha256 FROM content");
  while (contents.step())
    if (without.count(contents.integer(0)) == 0) needed_.push_back(contents.array<32>(1));
  Query patchsets(site.db(), "SELECT id, recipe, contents_known, name FROM patchset ORDER BY release_key");
  while (patchsets.step()) {
    if (without.count(patchsets.integer(0)) != 0) continue;
    if (!patchsets.is_null(1)) needed_.push_back(patchsets.array<32>(1));
    if (patchsets.integer(2) == 0) unread_.push_back(patchsets.text(3));
  }
  std::sort(needed_.begin(), needed_.end());
  needed_.erase(std::unique(needed_.begin(), needed_.end()), needed_.end());
}

bool ObjectNeeds::needs(const Digest& object) const { return std::binary_search(needed_.begin(), needed_.end(), object); }

void for_each_object(const Site& site, const std::function<void(const Digest&, const std::string&)>& each) {
  for (const auto& folder : folder_entries(site.path("objects"))) {
    const std::string path = site.path("objects/" + folder);
    if (!is_folder(path)) continue;
    for (const auto& name : folder_entries(path))
      if (const auto hash = array_from_hex<32>(name)) each(*hash, path + "/" + name);
  }
}

std::uint64_t bytes_freed(Site& site, const KnownPatchset& p, const ObjectNeeds& others, std::set<Digest>& seen) {
  std::uint64_t total = bytes_of_its_own(site.resources(p.name.patchset.text));
  const auto add = [&](const std::string& path) {
    if (is_regular(path)) total += size_of(path);
  };
  const std::string archive = site.arch() + "/" + p.name.file;
  struct stat st {};
  // What was adopted may have a name in the old ePortal's folder too.
  if (::stat(archive.c_str(), &st) == 0 && st.st_nlink == 1) total += static_cast<std::uint64_t>(st.st_size);
  if (!others.unread().empty()) return total;
  auto objects = contents_of(site, p);
  if (p.recipe) objects.push_back({*p.recipe, 0});
  for (const auto& one : objects)
    if (!others.needs(one.hash) && seen.insert(one.hash).second) add(site.object_path(one.hash));
  return total;
}

}  // namespace patchferry::importer
