// SPDX-License-Identifier: Apache-2.0
#include "importer/doctor_served.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <sys/stat.h>

#include "importer/feed_folder.h"
#include "importer/feeds.h"
#include "importer/generation_tree.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr std::uint64_t kLongestPointer = 64 << 10;

/// The level that a pointer names, if it is nothing but a number; richer ones are the vendor's business.
std::optional<std::string> level_in(const std::string& pointer) {
  const auto bytes = read_whole(pointer, kLongestPointer);
  if (!bytes) return std::nullopt;
  std::string text(as_text(*bytes));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  if (!is_level(text)) return std::nullopt;
  return text;
}

void look_at_folder(const std::string& folder, ServedTree& out) {
  out.folders.insert(folder);
  for (const auto& name : folder_entries(folder)) {
    const std::string path = folder + "/" + name;
    if (read_symlink(path)) {
      if (is_folder(path))
        out.folders.insert(path);
      else
        out.broken.push_back(path);
      continue;
    }
    out.files.push_back(path);
    if (!name.starts_with("latest")) continue;
    if (const auto level = level_in(path); level && !is_folder(folder + "/" + *level)) out.pointing_nowhere.push_back(path);
  }
}

void look_at(const std::string& tree, ServedTree& out) {
  out.folders.insert(tree);
  for (const auto& name : folder_entries(tree)) {
    const std::string path = tree + "/" + name;
    if (!read_symlink(path))
      look_at(path, out);  // u/
    else if (is_folder(path))
      look_at_folder(path, out);
    else
      out.broken.push_back(path);
  }
}

std::string some_of(const std::vector<std::string>& paths) {
  std::string text = printable(paths.front(), 4096);
  if (paths.size() > 1) text += fmt::format(", and {} more", paths.size() - 1);
  return text;
}

/// Who beside the owner may do something.
enum class Audience { all, group, nobody };

class Readers {
 public:
  /// A folder that must be passed, and all that leads to it.
  void pass(const std::string& folder) {
    std::string path = real_path(folder);
    for (; seen_.insert(path).second; path = parent_of(path)) {
      judge(path, S_IXOTH, S_IXGRP);
      if (path == "/") break;
    }
  }
  void read(const std::string& file) { judge(file, S_IROTH, S_IRGRP); }

  Audience worst() const { return worst_; }
  const std::string& where() const { return where_; }

 private:
  static std::string real_path(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
    if (!resolved) throw_errno("resolve", path);
    return resolved.get();
  }

  void judge(const std::string& path, mode_t others, mode_t group) {
    struct stat known {};
    if (::stat(path.c_str(), &known) != 0) throw_errno("look at", path);
    const Audience audience = (known.st_mode & others) != 0  ? Audience::all
                              : (known.st_mode & group) != 0 ? Audience::group
                                                             : Audience::nobody;
    if (audience <= worst_) return;
    worst_ = audience;
    where_ = fmt::format("{} (mode {:04o})", printable(path, 4096), known.st_mode & 07777);
  }

  std::set<std::string> seen_;
  Audience worst_ = Audience::all;
  std::string where_;
};

void read_all_in(const std::string& folder, Readers& readers) {
  readers.pass(folder);
  for (const auto& name : folder_entries(folder)) {
    const std::string path = folder + "/" + name;
    if (read_symlink(path)) continue;  // a level has none; a feed's folder is walked link by link
    if (is_folder(path))
      read_all_in(path, readers);
    else
      readers.read(path);
  }
}

}  // namespace

Check check_feeds(Site& site, ServedTree& served) {
  constexpr const char* kHint =
      "'patchferry list', or any other command, publishes it again; if not, put the base back from a backup";
  std::string wrong, newer;
  std::set<std::string> names;
  std::size_t count = 0;
  for (const auto& feed : feeds(site)) {
    ++count;
    names.insert(feed.name);
    const std::string current = site.path("feeds/" + feed.name + "/current");
    const auto target = read_symlink(current);
    if (!target || !is_folder(current)) {
      wrong = "feed " + feed.name + " shows nothing: " + current + " leads nowhere";
      continue;
    }
    const std::uint64_t shown = generation_number(file_name_of(*target));
    if (shown > feed.generation)
      newer = "feed " + feed.name + " shows generation " + std::to_string(shown) + ", and the database knows of " +
              std::to_string(feed.generation) + " only: it was put back from a backup";
    else if (feed.revision != feed.published || shown != feed.generation)
      wrong = "feed " + feed.name + " does not show what was decided last";
    look_at(current, served);
  }
  if (!wrong.empty()) return {"feeds", Health::error, wrong, kHint};
  if (!newer.empty())
    return {"feeds", Health::error, newer,
            "agents go on getting what is shown; compare it with 'patchferry list', decide, and the next change publishes that"};
  for (const auto& name : folder_entries(site.path("feeds")))
    if (names.count(name) == 0)
      return {"feeds", Health::warning,
              "the database knows nothing of " + site.path("feeds/" + printable(name)) + ", which agents may still be getting",
              "'patchferry feed add' makes a feed of that name; or remove the folder, if nobody follows it any more"};
  return {"feeds", Health::ok, count_text(count, "feed") + " published"};
}

Check check_links(const ServedTree& served) {
  if (!served.broken.empty())
    return {"links", Health::error, "agents are shown what is not there: " + some_of(served.broken),
            "'patchferry archives' lays out again the trees that are gone; what it cannot mend, the next receipt asks for"};
  return {"links", Health::ok, "every link of every feed leads somewhere"};
}

Check check_pointers(const ServedTree& served) {
  if (!served.pointing_nowhere.empty())
    return {"pointers", Health::error, "it names a level that is not there: " + some_of(served.pointing_nowhere),
            "'patchferry feed rollback' shows an earlier generation; tell us how it came to this"};
  return {"pointers", Health::ok,
          count_text(served.files.size(), "file") + " beside levels, none of which names a level that is not there"};
}

Check check_access(Site& site, const ServedTree& served) {
  Readers readers;
  readers.pass(site.path("feeds"));
  readers.pass(site.path("resources"));
  for (const auto& folder : served.folders) read_all_in(folder, readers);
  for (const auto& file : served.files) readers.read(file);
  switch (readers.worst()) {
    case Audience::all: break;
    case Audience::group:
      return {"access", Health::warning, "none but its owner and group may use " + readers.where(),
              "fine if the web server is of that group; else chmod o+x folders, o+r files"};
    case Audience::nobody:
      return {"access", Health::error, "the web server's user may not use " + readers.where(), "chmod o+x folders, o+r files"};
  }
  return {"access", Health::ok, "other users, such as the web server's, may read what is served"};
}

}  // namespace patchferry::importer
