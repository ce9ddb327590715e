// SPDX-License-Identifier: Apache-2.0
// patchferry import: bring a bundle in.
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/import.h"
#include "importer/outcome_text.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"feed", "enable the new patchsets in this feed as well", "FEED", true},
    {"no-deploy", "store only; no feed changes", nullptr},
    {"dry-run", "show what would change, and change nothing", nullptr},
    kNoWaitOption,
    {"json", "one JSON document: the plan, and what became of it", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry import --base DIR BUNDLE... [--dry-run] [--feed FEED]... [--no-deploy] [--no-wait]",
    "Verifies a bundle, stores its archives byte for byte in arch/, and deploys them into feeds. The medium is only ever read.\n"
    "BUNDLE is the bundle's folder, one or more folders that hold its volumes, or - for a stream. If volumes are missing, those that\n"
    "are here are kept, and the same command with the next medium goes on (exit 5 until it is whole).",
    kOptions,
    "patchferry import --base /var/lib/patchferry /media/usb/patchferry-plant1-000001",
};

void print_outcome(const ImportOutcome& outcome, bool dry_run) {
  switch (outcome.kind) {
    case ImportOutcome::Kind::refused: break;
    case ImportOutcome::Kind::nothing_to_do: note("this bundle has been imported already; nothing has changed"); break;
    case ImportOutcome::Kind::planned: print_plan(*outcome.plan); break;
    case ImportOutcome::Kind::incomplete:
      if (dry_run && outcome.plan) print_plan(*outcome.plan);
      if (!dry_run)
        note("the volumes that are here have been checked and kept; bring the others and run the same command with them");
      break;
    case ImportOutcome::Kind::imported:
      print("imported bundle " + std::to_string(outcome.plan->sequence) + ": " +
            count_text(outcome.plan->fresh.size(), "patchset") + " new, " + std::to_string(outcome.plan->present.size()) +
            " here already, " + count_text(outcome.plan->gained.size(), "CVE") + " newly closed");
      break;
  }
  print_published(outcome.published);
}

}  // namespace

int cmd_import(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  ImportOrder order;
  order.media = args.positional();
  order.feeds = args.values("feed");
  order.deploy = !args.has("no-deploy");
  order.only_plan = args.has("dry-run");
  Site site = open_site(args);
  recover(site);
  const ImportOutcome outcome = import_bundle(site, order);
  for (const auto& finding : outcome.findings) report(finding);
  if (args.has("json"))
    print(outcome_json(outcome).dump(2));
  else if (!is_quiet())
    print_outcome(outcome, order.only_plan);
  return exit_code(outcome);
}

}  // namespace patchferry::importer
