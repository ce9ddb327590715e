// SPDX-License-Identifier: Apache-2.0
#include "importer/archives.h"

#include <cerrno>
#include <fcntl.h>

#include "importer/objects.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/unnamed_file.h"
#include "terminal/output.h"
#include "unpacker/unpacker.h"

namespace patchferry::importer {

namespace {

std::string arch_path(const Site& site, const KnownPatchset& p) { return site.arch() + "/" + p.name.file; }

ArchiveFailure failure_of(const KnownPatchset& p, const Refusal& why) {
  return {p.name.patchset.text, why.kind, "cannot make " + p.name.file + " again: " + why.text, why.hint};
}

/// It came out with other bytes. Which of its contents is no longer what its name says?
ArchiveFailure other_bytes(const Site& site, const KnownPatchset& p, const Recipe& recipe) {
  const auto rotten = [&](const Digest& hash) { return hash_file(open_file(site.object_path(hash), O_RDONLY)) != hash; };
  const auto changed = [&](const Digest& hash) {
    return ArchiveFailure{
        p.name.patchset.text, std::nullopt,
        "cannot make " + p.name.file + " again: " + site.object_path(hash) + " has changed on this disk",
        "is the disk failing? Take that file away; 'patchferry archives' puts back what it finds in arch/, and a bundle made by a new "
        "receipt or with 'patchferry export --full' brings the rest"};
  };
  if (rotten(*p.recipe)) return changed(*p.recipe);
  for (const auto& content : recipe.contents)
    if (rotten(content)) return changed(content);
  return failure_of(p, {RefusalKind::damaged, "what its recipe makes is not the archive that the manifest named",
                        "it was signed so: tell the exporter. Take " + site.object_path(*p.recipe) +
                            " away, and a bundle made by a new receipt, or with 'patchferry export --full', brings another"});
}

/// More bytes than the archive has: what is wrong with it need not be written to the end.
struct TooLong {};

/// Nullopt: it is in arch/ now.
std::optional<ArchiveFailure> rebuild_one(const Site& site, const KnownPatchset& p, Progress& progress) {
  const std::string path = arch_path(site, p);
  // A run that was killed before the database took note.
  if (in_arch(site, p.name, p.archive_bytes) && hash_file(open_file(path, O_RDONLY)) == p.archive) {
    progress.add(p.archive_bytes);
    return std::nullopt;
  }
  const Objects objects(site);
  const auto recipe = objects.recipe(*p.recipe);
  if (!recipe) return failure_of(p, recipe.error());
  UnnamedFile out(path);
  std::uint64_t written = 0;
  try {
    const auto made = rebuild_archive(unpacker::archive_work(), *recipe, objects.opener(), [&](ByteSpan part) {
      written += part.size();
      if (written > p.archive_bytes) throw TooLong();
      write_all(out.file(), part);
      progress.add(part.size());
    });
    if (!made) return failure_of(p, made.error());
    if (*made != p.archive) return other_bytes(site, p, *recipe);
  } catch (const TooLong&) {
    return other_bytes(site, p, *recipe);
  }
  out.commit();
  return std::nullopt;
}

/// No further archive would fare better.
bool is_hopeless(int error) { return error == ENOSPC || error == EDQUOT || error == EROFS || error == EACCES; }

}  // namespace

void rebuild_archives(Site& site, const std::vector<KnownPatchset>& wanted, ArchivesReport& report) {
  std::uint64_t total = 0;
  for (const auto& p : wanted) total += p.archive_bytes;
  Progress progress("making archives again", total);
  bool stopped = false;
  for (const auto& p : wanted) {
    const std::string& name = p.name.patchset.text;
    std::optional<ArchiveFailure> failure;
    if (!stopped) {
      try {
        failure = rebuild_one(site, p, progress);
        if (!failure) set_archive_state(site, name, ArchiveState::present);
      } catch (const SystemFailure& why) {
        failure = ArchiveFailure{name, std::nullopt, "cannot make " + p.name.file + " again: " + why.what(), why.hint()};
        stopped = is_hopeless(why.error());
      }
    }
    if (!stopped && !failure) {
      report.done.push_back(name);
      continue;
    }
    report.pending.push_back(name);
    if (failure) report.failed.push_back(std::move(*failure));
  }
}

}  // namespace patchferry::importer
