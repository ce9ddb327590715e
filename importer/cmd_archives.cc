// SPDX-License-Identifier: Apache-2.0
// patchferry archives: make again what arch/ lacks.
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/holdings.h"
#include "importer/make_whole.h"
#include "importer/outcome_text.h"
#include "importer/publish.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"all", "those too that were imported with --archives never", nullptr},
    {"wait", "wait for another command on the base, as happens without this option too", nullptr},
    kNoWaitOption,
    {"json", "one JSON document: mended[], done[], pending[], failed[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry archives --base DIR [--all] [--wait | --no-wait]",
    "Makes the vendor's archives again that arch/ lacks: of imports with --archives later, of imports that were interrupted, and those\n"
    "that somebody has removed. Each appears when it is complete, and its SHA-256 is the one that was signed. Contents that objects/ has\n"
    "lost are taken out of arch/ again first, since later bundles build on them. No bundle is needed.",
    kOptions,
    "patchferry archives --base /var/lib/patchferry",
};

std::string nothing_to_do(Site& site, bool all) {
  std::uint64_t never = 0;
  if (!all)
    for (const auto& p : owed(site, true)) never += p.archive_state == ArchiveState::never ? 1 : 0;
  if (never > 0) return "nothing to do: " + count_text(never, "patchset") + " kept as recipes only; --all makes their archives";
  return "nothing to do: arch/ lacks no archive that can be made again, and objects/ no content that arch/ has";
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
  const ArchivesReport done = make_whole(site, args.has("all"));
  const auto published = publish_changed(site);  // what feeds have waited for since a restore
  report_failures(done);
  if (args.has("json"))
    print(archives_json(done).dump(2));
  else if (!is_quiet() && exit_code(done) == kNothingToDo)
    note(nothing_to_do(site, args.has("all")));
  else if (!is_quiet() && !done.mended.empty())
    print("contents of " + count_text(done.mended.size(), "patchset") + " taken out of what is here, and kept");
  if (!args.has("json") && !is_quiet() && (!done.done.empty() || !done.pending.empty()))
    print(count_text(done.done.size(), "archive") + " made again in arch/, " + std::to_string(done.pending.size()) + " pending");
  if (!args.has("json") && !is_quiet()) print_published(published);
  return exit_code(done);
}

}  // namespace patchferry::importer
