// SPDX-License-Identifier: Apache-2.0
#include "importer/cleaning/shown_trees.h"

#include <algorithm>
#include <cstdlib>

#include "importer/feed_folder.h"
#include "importer/generation.h"
#include "importer/generation_tree.h"
#include "importer/publish.h"
#include "system/calendar.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

constexpr std::uint64_t kMaxPointerBytes = 64 << 10;

std::uint64_t level_number(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }

std::string text_of_pointer(const std::string& path) {
  if (const auto target = read_symlink(path)) return *target;
  const auto bytes = is_regular(path) ? read_whole(path, kMaxPointerBytes) : std::nullopt;
  return bytes ? std::string(as_text(*bytes)) : std::string();
}

}  // namespace

std::set<std::uint64_t> named_in(const std::string& folder) {
  std::set<std::uint64_t> out;
  for (const auto& name : folder_entries(folder)) {
    if (is_level(name)) continue;
    const std::string text = text_of_pointer(folder + "/" + name);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool is_bare = is_level(text.substr(0, text.find_last_not_of(" \t\r\n") + 1));
    if (!is_bare && !name.starts_with("latest")) continue;
    for (auto at = text.begin(); at != text.end();) {
      const auto begin = std::find_if(at, text.end(), is_digit);
      at = std::find_if_not(begin, text.end(), is_digit);
      if (begin != at) out.insert(level_number(std::string(begin, at)));
    }
  }
  return out;
}

FeedView view_of(Site& site, const Feed& feed) {
  FeedView out;
  out.name = feed.name;
  const std::string root = site.path("feeds/" + feed.name);
  const std::uint64_t current = generation_shown(site, feed);
  std::set<std::string> seen;  // generations share folders
  const std::string generations = root + "/generations";
  if (!is_folder(generations)) return out;
  for (const auto& generation : folder_entries(generations)) {
    const bool is_current = generation_number(generation) == current;
    for (const auto& link : links_of(generations + "/" + generation)) {
      const std::string folder = root + "/folders/" + link.path;
      if (is_current)
        for (const auto& [level, entry] : levels_in(folder))
          out.shown[{link.served, level_number(level)}] = patchset_behind(entry.text);
      if (!seen.insert(folder).second || !is_folder(folder)) continue;
      for (const std::uint64_t level : named_in(folder)) out.named.insert({link.served, level});
    }
  }
  const std::uint64_t time = now();
  const std::uint64_t oldest_kept = feed.generation < kGenerationsKept ? 1 : feed.generation + 1 - kGenerationsKept;
  for (const auto& one : generations_of(site, feed)) {
    if (one.number == feed.generation) out.changed = one.at;
    // So many changes in so short a time that even generations which are gone may have told an agent what to ask for.
    if (one.number == oldest_kept && oldest_kept > 1 && time >= one.at && time - one.at < kLingers)
      for (const auto& [level, patchset] : out.shown) out.lingering.insert(level);
  }
  // Those that the next generation lets go hold nobody up.
  Query lingering(site.db(), "SELECT folder, level, since, at FROM lingering WHERE feed=?1");
  lingering.bind(feed.id);
  while (lingering.step()) {
    const bool is_over = has_lingered(lingering.number(2), lingering.number(3), feed.generation + 1, time);
    if (!is_over) out.lingering.insert({lingering.text(0), level_number(lingering.text(1))});
  }
  return out;
}

}  // namespace patchferry::importer
