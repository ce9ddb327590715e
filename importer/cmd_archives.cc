// SPDX-License-Identifier: Apache-2.0
// patchferry archives: make again what arch/ lacks.
#include <nlohmann/json.hpp>

#include "importer/archives.h"
#include "importer/commands.h"
#include "importer/outcome_text.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"all", "those too that were imported with --archives never", nullptr},
    {"wait", "wait for another command on the base, as happens without this option too", nullptr},
    kNoWaitOption,
    {"json", "one JSON document: done[], pending[], failed[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry archives --base DIR [--all] [--wait | --no-wait]",
    "Makes the vendor's archives again that arch/ lacks: of imports with --archives later, of imports that were interrupted, and those\n"
    "that somebody has removed. Each appears when it is complete, and its SHA-256 is the one that was signed. No bundle is needed.",
    kOptions,
    "patchferry archives --base /var/lib/patchferry",
};

int exit_code(const ArchivesReport& report) {
  if (report.failed.empty()) return report.done.empty() ? kNothingToDo : kDone;
  if (!report.done.empty()) return kInPart;
  for (const auto& one : report.failed)
    if (!one.kind) return kFailed;
  return kRefused;
}

}  // namespace

int cmd_archives(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  take_no_more(args, "archives");
  if (args.has("wait") && args.has("no-wait"))
    throw UsageError("--wait and --no-wait contradict each other", "leave one of them out");
  Site site = open_site(args);
  recover(site);
  const ArchivesReport done = rebuild_archives(site, owed(site, args.has("all")));
  report_failures(done);
  if (args.has("json"))
    print(archives_json(done).dump(2));
  else if (!is_quiet() && done.done.empty() && done.failed.empty())
    note("nothing to do: arch/ lacks no archive that can be made again");
  else if (!is_quiet())
    print(count_text(done.done.size(), "archive") + " made again in arch/, " + std::to_string(done.pending.size()) + " pending");
  return exit_code(done);
}

}  // namespace patchferry::importer
