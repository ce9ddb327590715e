// SPDX-License-Identifier: Apache-2.0
// Objects and archives: whether their bytes are still what their names, or the database, say.
#include <fcntl.h>
#include <mutex>

#include "importer/catalogue.h"
#include "importer/cleaning/check.h"
#include "importer/cleaning/needs.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/parallel.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr const char* kRepair = "'patchferry check --repair' puts back what it finds elsewhere at this site";

std::string beneath(const Site& site, const std::string& path) { return path.substr(site.base().size() + 1); }

DamagedParts::File file_of(const std::string& path) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0) return {};
  return {st.st_dev, st.st_ino};
}

struct Lying {
  Digest hash;
  std::string path;
};

/// Empty: it is what its name says. A file that cannot be read is damaged, and no reason to stop.
std::string what_is_wrong(const std::string& path, const Digest& hash, Progress& progress) {
  try {
    if (!is_regular(path)) return "it is no file";
    const Digest found = hash_file(open_file(path, O_RDONLY), [&](std::uint64_t n) { progress.add(n); });
    return found == hash ? "" : "it has changed on this disk";
  } catch (const SystemFailure& failure) {
    return failure.what();
  }
}

/// Contents and recipes that the database knows of and that lie nowhere.
void find_missing(Site& site, CheckReport& report) {
  Query needed(
      site.db(),
      "SELECT content.sha256, min(name), content.bytes FROM content JOIN patchset ON patchset.id=content.patchset GROUP BY content.sha256 "
      "UNION SELECT recipe, min(name), -1 FROM patchset WHERE recipe IS NOT NULL GROUP BY recipe");
  while (needed.step()) {
    const Digest hash = needed.array<32>(0);
    const std::string path = site.object_path(hash);
    if (exists(path) || report.parts.objects.count(hash) != 0) continue;
    report.parts.objects[hash] = std::nullopt;
    report.add("object", beneath(site, path), "it is gone; " + needed.text(1) + " needs it", "");
  }
}

}  // namespace

void check_objects(Site& site, CheckReport& report) {
  std::uint64_t total = 0;
  for_each_object(site, [&](const Digest&, const std::string& path) { total += is_regular(path) ? size_of(path) : 0; });
  report.bytes += total;
  Progress progress("reading contents", total);
  std::mutex mutex;
  for (const auto& folder : folder_entries(site.path("objects"))) {
    std::vector<Lying> all;
    const std::string path = site.path("objects/" + folder);
    if (!is_folder(path)) continue;
    for (const auto& name : folder_entries(path))
      if (const auto hash = array_from_hex<32>(name)) all.push_back({*hash, path + "/" + name});
    report.objects += all.size();
    parallel_for(all.size(), [&](std::size_t i) {
      const std::string wrong = what_is_wrong(all[i].path, all[i].hash, progress);
      if (wrong.empty()) return;
      const std::lock_guard hold(mutex);
      report.parts.objects[all[i].hash] = file_of(all[i].path);
      report.add("object", beneath(site, all[i].path), wrong, "");
    });
  }
  find_missing(site, report);
  for (auto& damage : report.damages) {
    if (damage.kind != "object" || !damage.hint.empty()) continue;
    const auto hash = array_from_hex<32>(file_name_of(damage.path));
    damage.hint = std::string(kRepair) + "; else: " + who_brings(site, *hash);
  }
}

void check_archives(Site& site, CheckReport& report) {
  std::vector<KnownPatchset> all;
  std::uint64_t total = 0;
  for (auto& p : patchsets(site)) {
    const std::string& name = p.name.patchset.text;
    if (exists(site.arch() + "/" + p.name.file)) {
      total += p.archive_bytes;
      all.push_back(std::move(p));
    } else if (p.recipe && p.archive_state == ArchiveState::present) {
      report.parts.archives.insert(name);
      report.add("archive", "arch/" + p.name.file, "it is gone", "'patchferry check --repair' makes it again");
    } else if (!p.recipe) {
      report.parts.archives.insert(name);
      report.add("archive", "arch/" + p.name.file, "it is gone, and nothing is known that it could be made of",
                 p.origin ? "bundle " + std::to_string(p.origin->sequence) +
                                " brought it; make a receipt, and the next bundle brings it again"
                          : "deploy it again");
    }
  }
  report.archives += all.size();
  report.bytes += total;
  Progress progress("reading archives", total);
  std::mutex mutex;
  parallel_for(all.size(), [&](std::size_t i) {
    const KnownPatchset& p = all[i];
    // It may be a link to where it was adopted from.
    std::string wrong;
    try {
      const Fd file = open_file(site.arch() + "/" + p.name.file, O_RDONLY | O_NONBLOCK);
      if (!S_ISREG(stat_of(file).st_mode))
        wrong = "it is no file";
      else if (size_of(file) != p.archive_bytes || hash_file(file, [&](std::uint64_t n) { progress.add(n); }) != p.archive)
        wrong = "it has changed on this disk";
    } catch (const SystemFailure& failure) {
      wrong = failure.what();
    }
    if (wrong.empty()) return;
    const std::lock_guard hold(mutex);
    report.parts.archives.insert(p.name.patchset.text);
    report.add(
        "archive", "arch/" + p.name.file, wrong,
        p.recipe ? "'patchferry check --repair' makes it again"
        : p.origin
            ? "bundle " + std::to_string(p.origin->sequence) +
                  " brought it; 'patchferry check --repair' takes it away, and after a receipt the next bundle brings it again"
            : "'patchferry check --repair' takes it away; then deploy it again");
  });
}

}  // namespace patchferry::importer
