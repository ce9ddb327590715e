// SPDX-License-Identifier: Apache-2.0
#include "importer/trash.h"

#include <boost/filesystem.hpp>
#include <fmt/format.h>
#include <map>

#include "system/calendar.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"
#include "terminal/size.h"

namespace patchferry::importer {

namespace {

constexpr std::uint64_t kDay = 86'400;

/// Of the regular files beneath a folder, those all of whose names lie there: their bytes.
std::uint64_t bytes_of_its_own(const std::string& folder) {
  namespace fs = boost::filesystem;
  struct Inode {
    std::uint64_t names = 0, links = 0, bytes = 0;
  };
  std::map<std::pair<dev_t, ino_t>, Inode> shared;
  std::uint64_t total = 0;
  boost::system::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    struct stat st {};
    if (::lstat(it->path().c_str(), &st) != 0 || !S_ISREG(st.st_mode)) continue;
    if (st.st_nlink == 1) {
      total += static_cast<std::uint64_t>(st.st_size);
      continue;
    }
    Inode& inode = shared[{st.st_dev, st.st_ino}];
    ++inode.names;
    inode.links = st.st_nlink;
    inode.bytes = static_cast<std::uint64_t>(st.st_size);
  }
  for (const auto& [id, inode] : shared)
    if (inode.names == inode.links) total += inode.bytes;
  return total;
}

bool is_over(const std::string& name, std::uint64_t days) {
  const auto made = trash_time(name);
  return made && now() >= *made && now() - *made >= days * kDay;
}

/// What is emptied must be ours.
void check_trash(const Site& site) {
  if (read_symlink(site.path("trash")))
    throw SystemFailure("cannot use " + site.path("trash") + ": it is a link", 0, "take the link away; trash/ is made again");
}

}  // namespace

std::string new_trash_folder(const Site& site) {
  check_trash(site);
  std::string digits;
  for (const char c : time_text(now())) {  // 2026-01-05 10:00:00 UTC
    if (c >= '0' && c <= '9') digits += c;
    if (c == ' ' && digits.size() == 8) digits += '-';
  }
  std::string name = "trash/" + digits;
  for (int i = 2; exists(site.path(name)); ++i) name = fmt::format("trash/{}-{}", digits, i);
  return name;
}

std::optional<std::uint64_t> trash_time(const std::string& name) {
  if (name.size() < 15 || name[8] != '-' || (name.size() > 15 && name[15] != '-')) return std::nullopt;
  const auto date = date_from_text(name.substr(0, 4) + "-" + name.substr(4, 2) + "-" + name.substr(6, 2));
  const auto hours = parse_number(name.substr(9, 2), 23);
  const auto minutes = parse_number(name.substr(11, 2), 59);
  const auto seconds = parse_number(name.substr(13, 2), 59);
  if (!date || !hours || !minutes || !seconds) return std::nullopt;
  return static_cast<std::uint64_t>(days_since_1970(*date)) * kDay + *hours * 3600 + *minutes * 60 + *seconds;
}

std::uint64_t trash_bytes(const Site& site) { return bytes_of_its_own(site.path("trash")); }

Emptied empty_trash(Site& site, bool all) {
  Emptied out;
  check_trash(site);
  if (!is_folder(site.path("trash"))) return out;
  // A move that has been decided goes there: it is finished first.
  site.roll_forward();
  for (const auto& name : folder_entries(site.path("trash")))
    if (all || is_over(name, site.settings().clean.trash_days)) out.folders.push_back(name);
  if (out.folders.empty()) return out;
  const std::uint64_t before = trash_bytes(site);
  for (const auto& name : out.folders) remove_tree(site.path("trash/" + name));
  const std::uint64_t after = trash_bytes(site);
  out.bytes = before > after ? before - after : 0;
  std::string detail = "emptied the trash of";
  for (const auto& name : out.folders) detail += " " + name;
  site.audit({.what = "clean", .detail = detail + ", " + size_text(out.bytes)});
  return out;
}

}  // namespace patchferry::importer
