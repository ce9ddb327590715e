// SPDX-License-Identifier: Apache-2.0
// arch/ out of recipes and contents: archives that came taken apart, made again byte for byte. Feeds do not wait for it.
//
// An archive appears in arch/ only when it is complete, durable and has the hash that the exporter has signed; then the
// database takes note. Interrupted, the rest stays pending, and the same command goes on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "importer/catalogue.h"
#include "system/refusal.h"

namespace patchferry::importer {

/// What --archives asks for.
enum class ArchiveMode { now, later, never };

/// Those with a recipe whose archive arch/ is to hold and does not, as far as is known, in release order: pending ones, and
/// those of which it was lost. `also_never`: those too that a person wanted none of.
std::vector<KnownPatchset> owed(Site& site, bool also_never = false);

/// That the recipe and all contents that it names are here, by their sizes. Refused: incomplete, malformed.
Result<void> check_parts(const Site& site, const KnownPatchset& patchset);

struct ArchiveFailure {
  std::string name;
  std::optional<RefusalKind> kind;  // none: this machine has failed
  std::string text;
  std::string hint;
};

struct ArchivesReport {
  std::vector<std::string> done;
  std::vector<std::string> pending;  // failed ones too
  std::vector<ArchiveFailure> failed;
};

/// One after the other, each on all cores. Memory: a recipe, and some blocks of bzip2 a core.
ArchivesReport rebuild_archives(Site& site, const std::vector<KnownPatchset>& wanted);

/// For --archives. UsageError for another word.
ArchiveMode archive_mode(const std::string& word);

/// On stderr, by "error:" and "hint:" lines.
void report_failures(const ArchivesReport& report);

}  // namespace patchferry::importer
