// SPDX-License-Identifier: Apache-2.0
#include "importer/make_whole.h"

#include "importer/archives.h"
#include "importer/holdings.h"
#include "importer/mend.h"
#include "terminal/command.h"

namespace patchferry::importer {

ArchivesReport make_whole(Site& site, bool also_never, const std::string& product) {
  ArchivesReport report;
  mend_contents(site, report);
  mend_trees(site, report);
  auto wanted = owed(site, also_never);
  if (!product.empty()) std::erase_if(wanted, [&](const KnownPatchset& p) { return p.name.patchset.product != product; });
  rebuild_archives(site, wanted, report);
  return report;
}

int exit_code(const ArchivesReport& report) {
  const bool did_nothing = report.done.empty() && report.mended.empty();
  if (report.failed.empty()) return did_nothing ? kNothingToDo : kDone;
  if (!did_nothing) return kInPart;
  for (const auto& one : report.failed)
    if (!one.kind) return kFailed;
  return kRefused;
}

}  // namespace patchferry::importer
