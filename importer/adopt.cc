// SPDX-License-Identifier: Apache-2.0
#include "importer/adopt.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>

#include "importer/commit.h"
#include "importer/unpack.h"
#include "importer/work_folder.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/parallel.h"
#include "system/rel_path.h"
#include "terminal/output.h"
#include "unpacker/unpacker.h"

namespace patchferry::importer {

namespace {

struct Candidate {
  std::string file;
  NewPatchset patchset;
  std::optional<Refusal> refusal;
  bool present = false;
};

std::vector<Candidate> candidates_in(const std::string& folder) {
  std::vector<Candidate> out;
  for (const auto& name : folder_entries(folder)) {
    if (name.starts_with('.') || !(name.ends_with(".tar.bz2") || name.ends_with(".tgz"))) continue;
    Candidate c;
    c.file = name;
    auto parsed = parse_archive_name(name);
    if (parsed)
      c.patchset.name = *parsed;
    else
      c.refusal = std::move(parsed.error());
    struct stat st {};
    if (!c.refusal && (::lstat((folder + "/" + name).c_str(), &st) != 0 || !S_ISREG(st.st_mode)))
      c.refusal = Refusal{RefusalKind::not_regular, "it is a link, pipe or device, not a file", "put the archive itself there"};
    for (const auto& other : out)
      if (!c.refusal && !other.refusal && other.patchset.name.patchset == c.patchset.name.patchset)
        c.refusal = Refusal{RefusalKind::conflict, "the same patchset is there as " + other.file, "take one of the two away"};
    out.push_back(std::move(c));
  }
  return out;
}

Result<void> examine(const Site& site, const std::string& folder, Candidate& c, const std::vector<KnownPatchset>& known,
                     bool deploy, const std::string& work, const std::function<void(std::uint64_t)>& on_bytes) {
  const Fd opened = open_folder(folder);
  const Fd archive = open_at(opened, c.file, O_RDONLY | O_NONBLOCK);
  if (!S_ISREG(stat_of(archive).st_mode)) return refuse(RefusalKind::not_regular, "it is not a file");
  c.patchset.archive = hash_file(archive, on_bytes);
  c.patchset.archive_bytes = size_of(archive);
  const auto same = std::find_if(known.begin(), known.end(),
                                 [&](const KnownPatchset& k) { return k.name.patchset == c.patchset.name.patchset; });
  if (same != known.end()) {
    if (same->archive != c.patchset.archive)
      return refuse(RefusalKind::conflict, "this site has another archive under this name, with other bytes",
                    "find out from the vendor's checksums which of the two is right");
    c.present = true;
    return {};
  }
  const ArchiveLimits limits = unsigned_limits(c.patchset.archive_bytes);
  auto contents = deploy ? unpack(site, archive, c.patchset.name, limits, work, {})
                         : keep_contents(site, archive, c.patchset.name, limits, work);
  if (!contents) return tl::unexpected(std::move(contents.error()));
  c.patchset.contents = std::move(*contents);
  c.patchset.unpacked = deploy;
  return {};
}

dev_t device_of(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) throw_errno("stat", path);
  return st.st_dev;
}

std::string absolute(const std::string& path) {
  char out[PATH_MAX];
  if (::realpath(path.c_str(), out) == nullptr) throw_errno("find", path);
  return out;
}

/// Makes arch/ a link to `folder`. True if it is one now.
void link_folder(const Site& site, const std::string& folder) {
  const std::string arch = site.arch();
  if (const auto target = read_symlink(arch)) {
    if (absolute(arch) == folder) return;
    throw UsageError(arch + " is a link to " + *target + " already", "one base can take over one folder of another file system");
  }
  if (!folder_entries(arch).empty())
    throw UsageError(folder + " is on another file system than " + arch + ", and " + arch + " is not empty",
                     "adopt into a new base, or move the folder to this file system first");
  // Swapped in one step, so that there is an arch/ at every instant.
  const std::string aside = arch + ".new";
  remove_tree(aside);
  make_symlink(folder, aside);
  if (::renameat2(AT_FDCWD, aside.c_str(), AT_FDCWD, arch.c_str(), RENAME_EXCHANGE) != 0)
    throw_errno("exchange " + aside + " and", arch);
  sync_folder(site.base());
  remove_tree(aside);
}

}  // namespace

AdoptReport adopt(Site& site, const std::string& folder_given, bool deploy) {
  const std::string folder = absolute(folder_given);
  const bool in_place = absolute(site.arch()) == folder;
  const bool elsewhere = !in_place && device_of(folder) != device_of(site.arch());
  if (site.settings().refuse_unsigned)
    throw UsageError("the configuration says unsigned = \"refuse\", and nobody has signed the archives of an ePortal",
                     "take them over first, and set that afterwards; or let a bundle bring them");
  AdoptReport report;
  auto candidates = candidates_in(folder);
  if (candidates.empty()) throw UsageError("there is no archive (*.tar.bz2) in " + folder, "give the arch/ folder of an ePortal");

  const auto known = patchsets(site);
  const WorkFolder work_folder(site, "adopt");
  const std::string& work = work_folder.path();
  if (elsewhere) {
    link_folder(site, folder);
    report.linked_folder = true;
  }
  {
    std::uint64_t total = 0;
    for (const auto& c : candidates)
      if (!c.refusal) total += size_of(folder + "/" + c.file);
    Progress progress("reading archives", total);
    parallel_for(
        candidates.size(),
        [&](std::size_t i) {
          Candidate& c = candidates[i];
          if (c.refusal) return;
          if (auto done = examine(site, folder, c, known, deploy, work, [&](std::uint64_t n) { progress.add(n); }); !done)
            c.refusal = std::move(done.error());
        },
        unpacker::kAtOnce);
  }
  Change change;
  change.work = work;
  change.archives_in_work = !elsewhere && !in_place;
  change.what = "adopt";
  change.detail = "from " + folder + ", ";
  if (deploy) change.ruled = feeds_that_take(site, {}, true).ruled;
  for (auto& c : candidates) {
    const std::string path = folder + "/" + c.file;
    if (c.refusal)
      report.refused.push_back(std::move(*c.refusal).in(path));
    else if (c.present)
      report.present.push_back(c.patchset.name.patchset.text);
    else {
      const std::string second = work + "/arch/" + c.file;
      if (change.archives_in_work && ::link(path.c_str(), second.c_str()) != 0) throw_errno("link " + path + " to", second);
      change.patchsets.push_back(std::move(c.patchset));
    }
  }
  std::sort(change.patchsets.begin(), change.patchsets.end(),
            [](const auto& a, const auto& b) { return a.name.patchset < b.name.patchset; });
  for (const auto& p : change.patchsets) report.adopted.push_back(p.name.patchset.text);
  if (!change.patchsets.empty()) report.stale = commit(site, change);
  report.published = publish_changed(site);
  return report;
}

}  // namespace patchferry::importer
