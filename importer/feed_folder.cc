// SPDX-License-Identifier: Apache-2.0
#include "importer/feed_folder.h"

#include <algorithm>
#include <fcntl.h>
#include <optional>
#include <set>

#include "bundle-format/archive/contents.h"
#include "bundle-format/archive/layout_profile.h"
#include "bundle-format/hash.h"
#include "bundle-format/patchset_name.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

std::string up(std::size_t steps) {
  std::string out;
  for (std::size_t i = 0; i < steps; ++i) out += "../";
  return out;
}

std::size_t depth_of(const std::string& path) { return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/')) + 1; }

/// False for a pointer that is a bare level which is not served: agents would ask for it in vain. What else may stand in one,
/// we do not know.
bool leads_somewhere(const FolderEntry& pointer, const FeedFolder& folder) {
  const std::string level = pointer.text.substr(0, pointer.text.find_last_not_of(" \t\r\n") + 1);
  return !is_level(level) || folder.count(level) != 0;
}

/// The served folders of rows (ident, archive's file name).
std::vector<std::string> served_by(Query& rows) {
  std::set<std::string> out;
  while (rows.step())
    if (const auto name = parse_archive_name(rows.text(1))) out.insert(served_folder(name->patchset.product, rows.text(0)));
  return {out.begin(), out.end()};
}

}  // namespace

bool is_level(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string digest_of(const FeedFolder& folder) {
  Hasher hasher;
  for (const auto& [name, entry] : folder)
    hasher.add(as_bytes(name + (entry.is_link ? "\n>" : "\n=") + std::to_string(entry.text.size()) + "\n" + entry.text));
  return to_hex(ByteSpan(hasher.finish()).first(16));
}

void write_folder(const FeedFolder& folder, const std::string& path) {
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
  remove_tree(path);
  rename_path(fresh, path);
}

FeedFolder read_folder(const std::string& path) {
  FeedFolder out;
  if (!is_folder(path)) return out;
  for (const auto& name : folder_entries(path)) {
    if (const auto target = read_symlink(path + "/" + name)) {
      out[name] = {true, *target};
    } else {
      const auto bytes = is_regular(path + "/" + name) ? read_whole(path + "/" + name, kMaxPointer) : std::nullopt;
      out[name] = {false, bytes ? std::string(as_text(*bytes)) : std::string()};
    }
  }
  return out;
}

FeedFolder levels_in(const std::string& path) {
  FeedFolder out;
  if (!is_folder(path)) return out;
  for (const auto& name : folder_entries(path))
    if (const auto target = is_level(name) ? read_symlink(path + "/" + name) : std::nullopt) out[name] = {true, *target};
  return out;
}

FolderMaker::FolderMaker(Site& site, const Feed& feed)
    : feed_(feed.id),
      site_(site),
      // In this order: an ident is in few patchsets, a feed has many.
      levels_(site.db(),
              "SELECT level, digest, patchset.id, patchset.file FROM level CROSS JOIN feed_state CROSS JOIN patchset "
              "WHERE level.ident=?1 AND feed_state.feed=?2 AND feed_state.patchset=level.patchset AND state='enabled' AND "
              "patchset.id=level.patchset AND withdrawn=0 AND unpacked=1 AND awaited=0 ORDER BY level, release_key"),
      pointers_(site.db(), "SELECT name, is_link, text FROM pointer WHERE patchset=?1 AND ident=?2 ORDER BY name") {}

FolderMaker::Made FolderMaker::make(const std::string& served) {
  const std::string ident = ident_in(served);
  Made out;
  std::uint64_t level = 0;
  Bytes digest;
  std::int64_t highest = 0;  // patchset with the highest level, the newest of these
  std::string product;
  levels_.bind(ident, feed_);
  while (levels_.step()) {
    // A khash and a build id may look alike.
    const auto name = parse_archive_name(levels_.text(3));
    if (!name || served_folder(name->patchset.product, ident) != served) continue;
    if (!out.folder.empty() && level == levels_.number(0) && digest != levels_.blob(1) &&
        (out.reissued.empty() || out.reissued.back() != std::to_string(level)))
      out.reissued.push_back(std::to_string(level));
    level = levels_.number(0);
    digest = levels_.blob(1);
    highest = levels_.integer(2);
    product = name->patchset.product;
    // From feeds/<feed>/folders/<served>/<digest>/<level>, up to the base.
    out.folder[std::to_string(level)] = {
        true, up(4 + depth_of(served)) + "resources/" + name->patchset.text + "/" + ident + "/" + std::to_string(level)};
  }
  if (out.folder.empty()) return out;
  bool pointed = false;
  pointers_.bind(highest, ident);
  while (pointers_.step()) {
    FolderEntry pointer = {pointers_.integer(1) != 0, std::string(as_text(pointers_.blob(2)))};
    if (!leads_somewhere(pointer, out.folder) || (pointer.is_link && !is_level(pointer.text))) continue;
    pointed = pointed || pointers_.text(0).starts_with("latest");
    out.folder[pointers_.text(0)] = std::move(pointer);
  }
  if (!pointed) {
    const DefaultPointer pointer = default_pointer(product, level);
    out.folder[pointer.name] = {pointer.is_link, pointer.text};
  }
  return out;
}

std::vector<std::string> FolderMaker::served() {
  Query rows(site_.db(),
             "SELECT DISTINCT ident, file FROM feed_state JOIN patchset ON patchset.id=feed_state.patchset JOIN level ON "
             "level.patchset=patchset.id WHERE feed=?1 AND state='enabled' AND withdrawn=0 AND unpacked=1 AND awaited=0");
  return served_by(rows.bind(feed_));
}

std::vector<std::string> FolderMaker::changed_since(std::uint64_t revision) {
  Query rows(site_.db(),
             "SELECT DISTINCT ident, file FROM feed_change JOIN patchset ON patchset.id=feed_change.patchset JOIN level ON "
             "level.patchset=patchset.id WHERE feed=?1 AND revision>?2");
  auto out = served_by(rows.bind(feed_, revision));
  Query cleaned(site_.db(), "SELECT DISTINCT served FROM cleaned_folder WHERE feed=?1 AND revision>?2");
  cleaned.bind(feed_, revision);
  while (cleaned.step()) out.push_back(cleaned.text(0));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace patchferry::importer
