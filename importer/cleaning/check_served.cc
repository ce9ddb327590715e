// SPDX-License-Identifier: Apache-2.0
// What is served: trees in resources/, whose files are links to objects or copies of them, and the feeds that lead there.
#include <algorithm>
#include <boost/filesystem.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <mutex>

#include "importer/catalogue.h"
#include "importer/cleaning/check.h"
#include "importer/cleaning/shown_trees.h"
#include "importer/feed_folder.h"
#include "importer/generation.h"
#include "importer/generation_tree.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/parallel.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr const char* kRepair = "'patchferry check --repair' lays it out again, if the archive or the recipe is here";

/// What the database knows of a tree.
struct Wanted {
  std::string name;
  struct LevelFolder {
    std::string path;  // "<ident>/<level>"
    Digest digest;
  };
  std::vector<LevelFolder> levels;
  std::vector<Pointer> pointers;
  std::vector<Content> contents;
};

Wanted wanted_of(Site& site, const KnownPatchset& p) {
  Wanted out;
  out.name = p.name.patchset.text;
  Query levels(site.db(), "SELECT ident, level, digest FROM level WHERE patchset=?1");
  levels.bind(p.id);
  while (levels.step()) out.levels.push_back({levels.text(0) + "/" + std::to_string(levels.number(1)), levels.array<32>(2)});
  Query pointers(site.db(), "SELECT ident, name, is_link, text FROM pointer WHERE patchset=?1");
  pointers.bind(p.id);
  while (pointers.step())
    out.pointers.push_back(
        {pointers.text(0), pointers.text(1), pointers.integer(2) != 0, std::string(as_text(pointers.blob(3)))});
  out.contents = contents_of(site, p);
  return out;
}

using Inodes = std::map<std::pair<dev_t, ino_t>, Digest>;

/// Objects by what they are on disk: a link to one needs not be read again.
Inodes inodes_of(const Site& site, const std::vector<Content>& contents) {
  Inodes out;
  for (const auto& one : contents) {
    struct stat st {};
    if (::lstat(site.object_path(one.hash).c_str(), &st) == 0) out[{st.st_dev, st.st_ino}] = one.hash;
  }
  return out;
}

/// The digest that a folder has now; nothing if it is not a folder of files.
std::optional<Digest> digest_on_disk(const std::string& folder, const Inodes& inodes) {
  namespace fs = boost::filesystem;
  if (!is_folder(folder)) return std::nullopt;
  Level level;
  boost::system::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string path = it->path().string();
    struct stat st {};
    if (::lstat(path.c_str(), &st) != 0) return std::nullopt;
    if (S_ISDIR(st.st_mode)) continue;
    if (!S_ISREG(st.st_mode)) return std::nullopt;
    const auto known = inodes.find({st.st_dev, st.st_ino});
    level.files.push_back({path.substr(folder.size() + 1),
                           known != inodes.end() ? known->second : hash_file(open_file(path, O_RDONLY)),
                           static_cast<std::uint64_t>(st.st_size)});
  }
  if (error) return std::nullopt;
  std::sort(level.files.begin(), level.files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return level.digest();
}

bool is_as_known(const std::string& path, const Pointer& pointer) {
  if (pointer.is_link) return read_symlink(path) == pointer.text;
  if (!is_regular(path)) return false;
  const auto bytes = read_whole(path, kMaxPointer);
  return bytes && as_text(*bytes) == pointer.text;
}

std::vector<Damage> damages_of(const Site& site, const Wanted& wanted) {
  std::vector<Damage> out;
  const std::string tree = "resources/" + wanted.name;
  if (!is_folder(site.path(tree))) return {{"tree", tree, "it is gone", kRepair}};
  const Inodes inodes = inodes_of(site, wanted.contents);
  for (const auto& level : wanted.levels) {
    const std::string path = tree + "/" + level.path;
    const auto found = digest_on_disk(site.path(path), inodes);
    if (!found)
      out.push_back({"tree", path, "it is gone, or holds what is no file", kRepair});
    else if (*found != level.digest)
      out.push_back({"tree", path, "its files are not those that came with the patchset", kRepair});
  }
  for (const auto& pointer : wanted.pointers) {
    const std::string path = tree + "/" + pointer.ident + "/" + pointer.name;
    if (!is_as_known(site.path(path), pointer))
      out.push_back({"tree", path, "it is not the pointer that came with the patchset", kRepair});
  }
  return out;
}

void check_feed(Site& site, const Feed& feed, CheckReport& report) {
  constexpr const char* kHint = "'patchferry check --repair' publishes the feed anew";
  const auto wrong = [&](const std::string& path, const std::string& text) {
    report.parts.feeds.insert(feed.name);
    report.add("feed", path, text, kHint);
  };
  const std::string root = "feeds/" + feed.name;
  const std::uint64_t shown = generation_shown(site, feed);
  if (shown == 0) return wrong(root + "/current", "it leads nowhere: agents find nothing");
  const std::string tree = site.path(root + "/generations/" + file_name_of(*read_symlink(site.path(root + "/current"))));
  std::set<std::string> there;
  std::vector<std::string> foreign;
  for (const auto& link : links_of(tree, &foreign)) {
    there.insert(link.served);
    const std::string path = root + "/folders/" + link.path;
    const std::string place = site.path(path);
    if (!is_folder(place)) {
      wrong(path, "it is gone, and agents ask for it");
      continue;
    }
    const FeedFolder folder = read_folder(place);
    if (digest_of(folder) != file_name_of(place)) {
      wrong(path, "it does not show what was published");
      continue;
    }
    for (const auto& [name, entry] : folder)
      if (is_level(name) && !is_folder(place + "/" + name)) wrong(path + "/" + name, "it leads nowhere");
  }
  for (const auto& name : foreign)
    wrong(tree.substr(site.base().size() + 1) + "/" + name, "somebody else has put this link there");
  for (const auto& served : FolderMaker(site, feed).served())
    if (there.count(served) == 0) wrong(tree.substr(site.base().size() + 1) + "/" + served, "it is gone, and agents ask for it");
}

}  // namespace

void check_trees(Site& site, CheckReport& report) {
  std::vector<KnownPatchset> all;
  std::uint64_t total = 0;
  for (auto& p : patchsets(site))
    if (p.unpacked) {
      total += p.expanded_bytes;
      all.push_back(std::move(p));
    }
  report.trees += all.size();
  Progress progress("comparing trees", total);
  std::mutex database, results;
  parallel_for(all.size(), [&](std::size_t i) {
    Wanted wanted;
    {
      const std::lock_guard hold(database);
      wanted = wanted_of(site, all[i]);
    }
    std::vector<Damage> found;
    try {
      found = damages_of(site, wanted);
    } catch (const SystemFailure& failure) {
      found = {{"tree", "resources/" + wanted.name, failure.what(), kRepair}};
    }
    progress.add(all[i].expanded_bytes);
    const std::lock_guard hold(results);
    if (!found.empty()) report.parts.trees.insert(wanted.name);
    for (auto& one : found) report.damages.push_back(std::move(one));
  });
}

void check_feeds(Site& site, CheckReport& report) {
  for (const auto& feed : feeds(site)) check_feed(site, feed, report);
}

}  // namespace patchferry::importer
