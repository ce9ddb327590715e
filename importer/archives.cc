// SPDX-License-Identifier: Apache-2.0
#include "importer/archives.h"

#include <cerrno>
#include <fcntl.h>

#include "bundle-format/archive/rebuild.h"
#include "importer/objects.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/rel_path.h"
#include "system/unnamed_file.h"
#include "terminal/output.h"

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
    return ArchiveFailure{p.name.patchset.text, std::nullopt,
                          "cannot make " + p.name.file + " again: " + site.object_path(hash) + " has changed on this disk",
                          "is the disk failing? Take that file away, and ask for a bundle made with 'patchferry export --full'"};
  };
  if (rotten(*p.recipe)) return changed(*p.recipe);
  for (const auto& content : recipe.contents)
    if (rotten(content)) return changed(content);
  return failure_of(p, {RefusalKind::damaged, "what its recipe makes is not the archive that the manifest named",
                        "it was signed so: tell the exporter, and ask for a bundle made with 'patchferry export --full'"});
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
    const auto made = rebuild_archive(*recipe, objects.opener(), [&](ByteSpan part) {
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

std::vector<KnownPatchset> owed(Site& site, bool also_never) {
  std::vector<KnownPatchset> out;
  for (auto& p : patchsets(site)) {
    if (!p.recipe || (p.archive_state == ArchiveState::never && !also_never)) continue;
    if (p.archive_state == ArchiveState::pending || !in_arch(site, p.name, p.archive_bytes)) out.push_back(std::move(p));
  }
  return out;
}

Result<void> check_parts(const Site& site, const KnownPatchset& p) {
  const Objects objects(site);
  const auto recipe = objects.recipe(*p.recipe);
  if (!recipe) return tl::unexpected(recipe.error());
  for (const auto& part : recipe->parts)
    if (part.is_content)
      if (const auto opened = objects.open(recipe->contents[static_cast<std::size_t>(part.contents)], part.bytes); !opened)
        return tl::unexpected(opened.error());
  return {};
}

ArchivesReport rebuild_archives(Site& site, const std::vector<KnownPatchset>& wanted) {
  ArchivesReport report;
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
  return report;
}

ArchiveMode archive_mode(const std::string& word) {
  if (word.empty() || word == "now") return ArchiveMode::now;
  if (word == "later") return ArchiveMode::later;
  if (word == "never") return ArchiveMode::never;
  throw UsageError("--archives takes now, later or never, not '" + printable(word) + "'");
}

void report_failures(const ArchivesReport& report) {
  for (const auto& one : report.failed) error_line(one.text, one.hint);
}

}  // namespace patchferry::importer
