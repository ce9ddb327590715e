// SPDX-License-Identifier: Apache-2.0
#include "importer/keeping/put_contents.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>

#include "importer/commit.h"
#include "importer/holdings.h"
#include "importer/trees.h"
#include "importer/unpack.h"
#include "importer/work_folder.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/parallel.h"
#include "system/unnamed_file.h"
#include "terminal/output.h"

namespace patchferry::importer::keeping {

namespace {

constexpr std::size_t kAtOnce = 32;  // trees in one change: what the database is to know of them is held in memory

bool has_object(const Site& site, const std::string& name, std::uint64_t bytes) {
  const auto hash = array_from_hex<32>(name);
  const std::string path = hash ? site.object_path(*hash) : "";
  return hash && is_regular(path) && size_of(path) == bytes;
}

ArchiveFailure failure_of(Site& site, const KnownPatchset& p, const Refusal& why) {
  return {p.name.patchset.text, why.kind, "cannot lay out " + site.resources(p.name.patchset.text) + ": " + why.text, why.hint};
}

void lay_out(Site& site, const std::vector<KnownPatchset>& some, RestoreReport& report) {
  const WorkFolder work(site, "restore-trees");
  auto made = lay_out_stored(site, some, work.path());
  if (!made) {
    if (some.size() == 1) {
      report.failed.push_back(failure_of(site, some.front(), made.error()));
      return;
    }
    for (const auto& one : some) lay_out(site, {one}, report);  // one of them fails, and the others are to have theirs
    return;
  }
  Change change;
  change.what = "restore";
  change.detail = "trees laid out again: " + count_text(some.size(), "patchset");
  change.counts_patchsets = false;
  change.work = work.path();
  change.laid_out = std::move(*made);
  for (auto& failure : commit(site, change)) report.failed.push_back(std::move(failure));
}

}  // namespace

void put_contents_unseen(Site& site, const std::string& from, RestoreReport& report) {
  report.objects = folder_entries(from + "/objects").size();
  report.archives = folder_entries(from + "/arch").size();
  place_objects(site, from);
  place_archives(from + "/arch", site.arch());
}

void put_contents(Site& site, const std::string& from, RestoreReport& report) {
  const std::string work = site.quarantine() + "/restored-contents";
  remove_tree(work);
  rename_path(from, work);
  for (const auto& name : folder_entries(work + "/objects")) {
    const std::string path = work + "/objects/" + name;
    if (has_object(site, name, size_of(path)))
      remove_file(path);
    else
      ++report.objects;
  }
  Change change;
  for (const auto& file : folder_entries(work + "/arch")) {
    const std::string path = work + "/arch/" + file;
    const std::string there = site.arch() + "/" + file;
    const auto name = parse_archive_name(file);
    const auto known = name ? find_patchset(site, name->patchset.text) : std::nullopt;
    const bool is_wanted = known && hash_file(open_file(path, O_RDONLY)) == known->archive;
    if (!is_wanted || (exists(there) && size_of(there) == size_of(path)))
      remove_file(path);
    else
      change.archives_back.push_back(file);
  }
  report.archives = change.archives_back.size();
  if (report.objects + report.archives > 0) {
    change.what = "restore";
    change.detail =
        "contents of a backup: " + count_text(report.objects, "object") + ", " + count_text(report.archives, "archive");
    change.counts_patchsets = false;
    change.work = work;
    for (auto& failure : commit(site, change)) report.failed.push_back(std::move(failure));
  }
  remove_tree(work);
}

void lay_out_trees(Site& site, RestoreReport& report) {
  std::vector<KnownPatchset> wanted;
  Holdings holdings(site);
  for (auto& p : patchsets(site))
    if (p.unpacked && !has_tree(site, p) && (holdings.can_be_made(p) || in_arch(site, p.name, p.archive_bytes)))
      wanted.push_back(std::move(p));
  std::uint64_t total = 0;
  for (const auto& p : wanted) total += p.archive_bytes;
  Progress progress("laying out patchsets", total);
  for (std::size_t at = 0; at < wanted.size(); at += kAtOnce) {
    const auto end = std::min(wanted.size(), at + kAtOnce);
    const std::vector<KnownPatchset> some(wanted.begin() + static_cast<std::ptrdiff_t>(at),
                                          wanted.begin() + static_cast<std::ptrdiff_t>(end));
    lay_out(site, some, report);
    for (const auto& p : some) progress.add(p.archive_bytes);
  }
}

void place_archives(const std::string& from, const std::string& to) {
  if (!exists(to)) return rename_path(from, to);
  for (const auto& name : folder_entries(from)) {
    const std::string source = from + "/" + name;
    const std::string target = to + "/" + name;
    if (::rename(source.c_str(), target.c_str()) == 0) continue;
    if (errno != EXDEV) throw_errno("rename " + source + " to", target);
    UnnamedFile out(target);
    copy_bytes(open_file(source, O_RDONLY), out.file());
    out.commit();
    remove_file(source);
  }
}

}  // namespace patchferry::importer::keeping
