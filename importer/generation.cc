// SPDX-License-Identifier: Apache-2.0
#include "importer/generation.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <unistd.h>

#include "importer/catalogue.h"
#include "importer/cleaned.h"
#include "importer/generation_tree.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

/// Gives a link of the generation before a second name: no inode, and half the time of a new link.
void link_again(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return;
  // Too many names, another owner's link, or a file system that has no such thing.
  const auto target = read_symlink(from);
  if (!target) throw_errno("link " + from + " to", to);
  make_symlink(*target, to);
}

}  // namespace

std::uint64_t generation_shown(const Site& site, const Feed& feed) {
  const std::string link = site.path("feeds/" + feed.name + "/current");
  const auto target = read_symlink(link);
  return target && is_folder(link) ? generation_number(file_name_of(*target)) : 0;
}

Generation::Generation(Site& site, const Feed& feed)
    : site_(site),
      feed_(feed),
      root_(site.path("feeds/" + feed.name)),
      before_(generation_shown(site, feed)),
      number_(std::max(feed.generation, before_) + 1),
      tree_(root_ + "/generations/" + generation_name(number_)),
      tree_before_(root_ + "/generations/" + generation_name(before_)),
      maker_(site, feed),
      withdrawn_(withdrawn_names(site)),
      cleaned_(cleaned_names(site)) {
  published_.feed = feed.name;
  published_.generation = number_;
}

void Generation::build() {
  make_folders(root_ + "/generations");
  // What a killed run has begun may not be durable: nothing of it is built upon.
  for (const auto& name : folder_entries(root_ + "/generations"))
    if (generation_number(name) != before_ && generation_number(name) >= number_) {
      remove_tree(root_ + "/generations/" + name);
      was_interrupted_ = true;
    }
  by_changes_ = knows_its_predecessor();
  read_lingering();
  make_folders(tree_);
  const auto to_make = folders_to_make();
  if (by_changes_) link_over({to_make.begin(), to_make.end()});
  for (const auto& served : to_make) make(served);
  leave_out_lingering();
}

/// What people are told is served: a folder with a pointer. Where levels linger and nothing else, agents are sent nowhere.
void Generation::leave_out_lingering() {
  std::set<std::string> folders;
  for (const auto& [place, one] : lingering_) folders.insert(place.first);
  for (const auto& served : folders) {
    const std::string folder = tree_ + "/" + served;
    if (!is_folder(folder)) continue;
    const auto names = folder_entries(folder);
    if (std::all_of(names.begin(), names.end(), is_level)) --published_.idents;
  }
}

/// What `current` shows is what the database says was published last: then only changes since matter.
bool Generation::knows_its_predecessor() {
  if (before_ == 0 || before_ != feed_.generation) return false;
  return Query(site_.db(), "SELECT 1 FROM generation WHERE feed=?1 AND number=?2 AND revision=?3 AND at>0")
      .bind(feed_.id, before_, feed_.published)
      .step();
}

void Generation::read_lingering() {
  Query lingering(site_.db(), "SELECT folder, level, since, at FROM lingering WHERE feed=?1");
  lingering.bind(feed_.id);
  while (lingering.step()) lingering_[{lingering.text(0), lingering.text(1)}] = {lingering.number(2), lingering.number(3)};
  Query retired(site_.db(), "SELECT path, last FROM retired WHERE feed=?1");
  retired.bind(feed_.id);
  while (retired.step()) retired_[retired.text(0)] = retired.number(1);
}

bool Generation::is_over(const Lingering& one) const { return has_lingered(one.since, one.at, number_, now()); }

bool Generation::is_gone(const std::string& target) const {
  const std::string patchset = patchset_behind(target);
  return std::binary_search(withdrawn_.begin(), withdrawn_.end(), patchset) ||
         std::binary_search(cleaned_.begin(), cleaned_.end(), patchset);
}

std::vector<std::string> Generation::folders_to_make() {
  auto out = by_changes_ ? maker_.changed_since(feed_.published) : maker_.served();
  if (by_changes_) {
    for (const auto& [place, one] : lingering_)
      if (is_over(one)) out.push_back(place.first);
  } else {
    if (before_ != 0)
      for (auto& link : links_of(tree_before_)) out.push_back(std::move(link.served));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void Generation::link_over(const std::set<std::string>& but) {
  for (const auto& [served, path] : links_of(tree_before_)) {
    if (but.count(served) != 0) continue;
    const std::string to = tree_ + "/" + served;
    if (served.find('/') != std::string::npos) make_folders(parent_of(to));
    link_again(tree_before_ + "/" + served, to);
    ++published_.idents;
  }
}

std::string Generation::shown_before(const std::string& served) const {
  if (before_ == 0) return "";
  const auto target = read_symlink(tree_before_ + "/" + served);
  return target ? path_beneath_folders(*target) : "";
}

void Generation::make(const std::string& served) {
  const std::string path_before = shown_before(served);
  const FeedFolder before = path_before.empty() ? FeedFolder() : levels_in(root_ + "/folders/" + path_before);
  auto made = maker_.make(served);
  for (const auto& level : made.reissued) {
    const auto was = before.find(level);
    if (was == before.end() || was->second != made.folder.at(level))
      published_.reissued.push_back(served.substr(served.rfind('/') + 1) + "/" + level);
  }
  let_linger(served, before, made.folder);
  const std::string path = made.folder.empty() ? "" : served + "/" + digest_of(made.folder);
  if (!path_before.empty() && path != path_before) retired_[path_before] = before_;
  if (path.empty()) return;
  // One that is there, and was shown by no generation, was left by a killed run, and may not be durable. And where changes
  // alone do not tell what to make, as after damage, none is believed by its name.
  const std::string full = root_ + "/folders/" + path;
  const bool was_shown = path == path_before || retired_.erase(path) != 0;
  const bool is_good = was_shown && (by_changes_ ? is_folder(full) : read_folder(full) == made.folder);
  if (!is_good) write_folder(made.folder, full);
  link(served, path);
}

void Generation::let_linger(const std::string& served, const FeedFolder& before, FeedFolder& folder) {
  for (const auto& [level, entry] : folder) lingering_.erase({served, level});
  for (const auto& [level, entry] : before) {
    if (folder.count(level) != 0) continue;
    const auto known = lingering_.emplace(LevelPlace{served, level}, Lingering{number_, now()}).first;
    const bool is_over_now =
        is_over(known->second) || is_gone(entry.text) || !is_folder(root_ + "/folders/" + shown_before(served) + "/" + level);
    if (is_over_now)
      lingering_.erase(known);
    else
      folder[level] = entry;
  }
  // And those that a run which the database does not know of has let go: nothing would ever let them go again.
  std::erase_if(lingering_, [&](const auto& one) { return one.first.first == served && folder.count(one.first.second) == 0; });
}

void Generation::link(const std::string& served, const std::string& path) {
  const std::string link = tree_ + "/" + served;
  make_folders(parent_of(link));
  const auto steps = 2 + std::count(served.begin(), served.end(), '/');
  std::string up;
  for (auto i = 0; i < steps; ++i) up += "../";
  make_symlink(up + "folders/" + path, link);
  ++published_.idents;
}

void Generation::show() {
  replace_symlink("generations/" + generation_name(number_), root_ + "/current");
  sync_folder(root_);
}

void Generation::record() {
  Database& db = site_.db();
  Query(db, "UPDATE feed SET published=?2, generation=?3 WHERE id=?1").bind(feed_.id, feed_.revision, number_).run();
  Query(db, "INSERT OR REPLACE INTO generation VALUES(?1,?2,?3,?4)").bind(feed_.id, number_, feed_.revision, now()).run();
  Query(db, "DELETE FROM cleaned_folder WHERE feed=?1 AND revision<=?2").bind(feed_.id, feed_.revision).run();
  Query(db, "DELETE FROM lingering WHERE feed=?1").bind(feed_.id).run();
  Query lingering(db, "INSERT INTO lingering VALUES(?1,?2,?3,?4,?5)");
  for (const auto& [place, one] : lingering_) lingering.bind(feed_.id, place.first, place.second, one.since, one.at).run();
  Query(db, "DELETE FROM retired WHERE feed=?1").bind(feed_.id).run();
  Query retired(db, "INSERT INTO retired VALUES(?1,?2,?3)");
  for (const auto& [path, last] : retired_) retired.bind(feed_.id, path, last).run();
}

void Generation::prune() {
  for (const auto& name : folder_entries(root_ + "/generations"))
    if (generation_number(name) + kGenerationsKept <= number_) remove_tree(root_ + "/generations/" + name);
  if (!by_changes_ || was_interrupted_) prune_all();
  // Folders first, then the rows in one go: a folder that is gone is removed again without harm.
  std::vector<std::string> gone;
  for (const auto& [path, last] : retired_) {
    if (last + kGenerationsKept > number_) continue;
    const std::string folder = root_ + "/folders/" + path;
    remove_tree(folder);
    if (is_folder(parent_of(folder)) && folder_entries(parent_of(folder)).empty()) remove_tree(parent_of(folder));
    gone.push_back(path);
  }
  if (gone.empty()) return;
  Transaction transaction(site_.db());
  Query forget(site_.db(), "DELETE FROM retired WHERE feed=?1 AND path=?2");
  for (const auto& path : gone) forget.bind(feed_.id, path).run();
  transaction.commit();
}

/// After a crash, or a database that was put back: what lies there is told apart by looking.
void Generation::prune_all() {
  std::map<std::string, std::uint64_t> last_shown;
  for (const auto& name : folder_entries(root_ + "/generations")) {
    for (const auto& link : links_of(root_ + "/generations/" + name)) {
      std::uint64_t& last = last_shown[link.path];
      last = std::max(last, generation_number(name));
    }
  }
  const auto look = [&](const std::string& served) {
    const std::string folder = root_ + "/folders/" + served;
    for (const auto& digest : folder_entries(folder))
      if (last_shown.count(served + "/" + digest) == 0) remove_tree(folder + "/" + digest);
    if (folder_entries(folder).empty()) remove_tree(folder);
  };
  const std::string folders = root_ + "/folders";
  if (is_folder(folders)) {
    for (const auto& name : folder_entries(folders)) {
      if (name != "u") {
        look(name);
        continue;
      }
      for (const auto& inner : folder_entries(folders + "/u")) look("u/" + inner);
    }
  }
  Transaction transaction(site_.db());
  Query(site_.db(), "DELETE FROM retired WHERE feed=?1").bind(feed_.id).run();
  retired_.clear();
  Query retired(site_.db(), "INSERT INTO retired VALUES(?1,?2,?3)");
  for (const auto& [path, last] : last_shown) {
    if (last == number_) continue;
    retired_[path] = last;
    retired.bind(feed_.id, path, last).run();
  }
  transaction.commit();
}

}  // namespace patchferry::importer
