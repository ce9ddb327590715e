// SPDX-License-Identifier: Apache-2.0
#include "importer/publish.h"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <set>

#include "bundle-format/archive/layout_profile.h"
#include "system/calendar.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

/// What one ident's folder shows: names to links or texts.
struct Entry {
  bool is_link = false;
  std::string text;
  bool operator==(const Entry&) const = default;
};
using Folder = std::map<std::string, Entry>;

struct LevelRow {
  std::string ident;
  std::uint64_t level = 0;
  Bytes digest;
  std::int64_t patchset = 0;
  std::string patchset_name;
  std::string product;
};

std::string up(std::size_t steps) {
  std::string out;
  for (std::size_t i = 0; i < steps; ++i) out += "../";
  return out;
}

std::size_t depth_of(const std::string& path) { return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/')) + 1; }

std::string digest_of(const Folder& folder) {
  Hasher hasher;
  for (const auto& [name, entry] : folder)
    hasher.add(as_bytes(name + (entry.is_link ? "\n>" : "\n=") + std::to_string(entry.text.size()) + "\n" + entry.text));
  return to_hex(ByteSpan(hasher.finish()).first(16));
}

void write_folder(const Folder& folder, const std::string& path) {
  const std::string fresh = path + ".new";
  remove_tree(fresh);
  make_folders(fresh);
  for (const auto& [name, entry] : folder) {
    if (entry.is_link) {
      make_symlink(entry.text, fresh + "/" + name);
    } else {
      const Fd out = open_file(fresh + "/" + name, O_WRONLY | O_CREAT | O_EXCL);
      write_all(out, as_bytes(entry.text));
    }
  }
  rename_path(fresh, path);
}

/// Builds one generation of one feed.
class Generation {
 public:
  Generation(Site& site, const Feed& feed)
      : site_(site),
        feed_(feed),
        root_(site.path("feeds/" + feed.name)),
        number_(newest_complete() + 1),
        tree_(root_ + "/generations/" + fmt::format("{:06}", number_)),
        pointers_(site.db(), "SELECT name, is_link, text FROM pointer WHERE patchset=?1 AND ident=?2 ORDER BY name") {}

  Published build() {
    drop_leftovers();
    make_folders(tree_);
    Query rows(
        site_.db(),
        "SELECT ident, level, digest, patchset.id, patchset.file FROM feed_patchset JOIN patchset ON patchset.id=feed_patchset.patchset "
        "JOIN level ON level.patchset=patchset.id WHERE feed=?1 AND state='enabled' AND withdrawn=0 AND unpacked=1 "
        "ORDER BY ident, level, release_key");
    rows.bind(feed_.id);
    std::vector<LevelRow> of_one;
    while (rows.step()) {
      const auto name = parse_archive_name(rows.text(4));
      if (!name) continue;
      LevelRow row{rows.text(0), rows.number(1), rows.blob(2), rows.integer(3), name->patchset.text, name->patchset.product};
      if (!of_one.empty() && of_one.front().ident != row.ident) show(of_one);
      if (!of_one.empty() && of_one.front().ident != row.ident) of_one.clear();
      of_one.push_back(std::move(row));
    }
    if (!of_one.empty()) show(of_one);
    out_.feed = feed_.name;
    out_.generation = number_;
    return std::move(out_);
  }

  void switch_to() {
    sync_file_system(site_.base());
    replace_symlink("generations/" + fmt::format("{:06}", number_), root_ + "/current");
    sync_folder(root_);
  }

  /// Takes away generations that nobody needs any more, and the folders that only they showed.
  void prune() {
    const std::string generations = root_ + "/generations";
    for (const auto& name : folder_entries(generations))
      if (number_of(name) + kGenerationsKept <= number_) remove_tree(generations + "/" + name);
    std::set<std::string> shown;
    for (const auto& name : folder_entries(generations)) collect_links(generations + "/" + name, shown);
    prune_folders(root_ + "/folders", shown);
  }

 private:
  /// The database, or the link if a run was killed between switching and writing that down.
  std::uint64_t newest_complete() const {
    const auto current = read_symlink(root_ + "/current");
    return std::max(feed_.generation, current ? number_of(file_name_of(*current)) : 0);
  }

  static std::uint64_t number_of(const std::string& name) { return std::strtoull(name.c_str(), nullptr, 10); }

  /// What a killed run has begun may not be durable: nothing of it is built upon.
  void drop_leftovers() {
    make_folders(root_ + "/generations");
    for (const auto& name : folder_entries(root_ + "/generations"))
      if (number_of(name) >= number_) remove_tree(root_ + "/generations/" + name);
    prune();
  }

  /// `levels`: all of one ident, ascending by level, then by release. The newest patchset serves a level whole.
  void show(const std::vector<LevelRow>& levels) {
    // A khash and a build id may look alike; a kernel's is served at the root, the others beneath u/.
    std::map<std::string, std::vector<LevelRow>> by_folder;
    for (const auto& row : levels) by_folder[served_folder(row.product, row.ident)].push_back(row);
    for (const auto& [served, rows] : by_folder) show_folder(served, rows);
  }

  void show_folder(const std::string& served, const std::vector<LevelRow>& rows) {
    const std::string in_folders = root_ + "/folders/" + served;
    Folder folder;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i > 0 && rows[i - 1].level == rows[i].level && rows[i - 1].digest != rows[i].digest)
        out_.reissued.push_back(rows[i].ident + "/" + std::to_string(rows[i].level));
      // From folders/<served>/<digest>/<level>, up to the base.
      const std::string target = up(4 + depth_of(served)) + "resources/" + rows[i].patchset_name + "/" + rows[i].ident + "/" +
                                 std::to_string(rows[i].level);
      folder[std::to_string(rows[i].level)] = {true, target};
    }
    const LevelRow& highest = rows.back();
    bool pointed = false;
    pointers_.bind(highest.patchset, highest.ident);
    while (pointers_.step()) {
      folder[pointers_.text(0)] = {pointers_.integer(1) != 0, std::string(as_text(pointers_.blob(2)))};
      pointed = pointed || pointers_.text(0).starts_with("latest");
    }
    if (!pointed) {
      const DefaultPointer pointer = default_pointer(highest.product, highest.level);
      folder[pointer.name] = {pointer.is_link, pointer.text};
    }
    const std::string digest = digest_of(folder);
    if (!is_folder(in_folders + "/" + digest)) write_folder(folder, in_folders + "/" + digest);
    const std::string link = tree_ + "/" + served;
    make_folders(parent_of(link));
    make_symlink(up(1 + depth_of(served)) + "folders/" + served + "/" + digest, link);
    ++out_.idents;
  }

  void collect_links(const std::string& folder, std::set<std::string>& shown) {
    for (const auto& name : folder_entries(folder)) {
      const std::string path = folder + "/" + name;
      if (const auto target = read_symlink(path))
        shown.insert(target->substr(target->find("folders/") + 8));
      else if (is_folder(path))
        collect_links(path, shown);
    }
  }

  /// `shown`: "<khash>/<digest>", "u/<buildid>/<digest>".
  void prune_folders(const std::string& folders, const std::set<std::string>& shown, const std::string& beneath = "") {
    if (!is_folder(folders)) return;
    for (const auto& ident : folder_entries(folders)) {
      if (ident == "u" && beneath.empty()) {
        prune_folders(folders + "/u", shown, "u/");
        continue;
      }
      const std::string folder = folders + "/" + ident;
      for (const auto& digest : folder_entries(folder))
        if (shown.count(beneath + ident + "/" + digest) == 0) remove_tree(folder + "/" + digest);
      if (folder_entries(folder).empty()) remove_tree(folder);
    }
  }

  Site& site_;
  const Feed& feed_;
  std::string root_;
  std::uint64_t number_;
  std::string tree_;
  Query pointers_;
  Published out_;
};

}  // namespace

std::vector<Published> publish_changed(Site& site) {
  std::vector<Published> out;
  for (const auto& feed : feeds(site)) {
    if (feed.revision == feed.published && exists(site.path("feeds/" + feed.name + "/current"))) continue;
    Generation generation(site, feed);
    out.push_back(generation.build());
    generation.switch_to();
    Query(site.db(), "UPDATE feed SET published=?2, generation=?3 WHERE id=?1")
        .bind(feed.id, feed.revision, out.back().generation)
        .run();
    generation.prune();
  }
  return out;
}

void recover(Site& site) {
  for (const auto& done : publish_changed(site))
    note("feed " + done.feed + " was behind after an interruption, and is published now");
}

}  // namespace patchferry::importer
