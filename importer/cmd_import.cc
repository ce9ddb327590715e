// SPDX-License-Identifier: Apache-2.0
// patchferry import: bring a bundle in.
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/import.h"
#include "importer/notices.h"
#include "importer/outcome_text.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"
#include "terminal/size.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"feed", "enable the new patchsets in this feed as well", "FEED", true},
    {"no-deploy", "store only; no feed changes", nullptr},
    {"dry-run", "show what would change, and change nothing", nullptr},
    kNoWaitOption,
    {"rollback", "a permit, signed by the release keys, to go back to this older bundle ('patchferry permit make')", "FILE"},
    {"accept-jump", "the bundle's number is right, however far it is ahead; the audit log says who confirmed it", "NUMBER"},
    {"without-head", "import although this site needs a head token, for a reason that the audit log keeps", "REASON"},
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
      for (const auto& name : outcome.plan->withdrawn)
        print("withdrawn by the vendor: " + name + " is disabled in every feed, for good");
      for (const auto& name : outcome.plan->disabled) print("rollback: " + name + " is disabled in every feed");
      print((outcome.plan->is_rollback ? "went back to bundle " : "imported bundle ") + std::to_string(outcome.plan->sequence) +
            ": " + count_text(outcome.plan->fresh.size(), "patchset") + " new, " + std::to_string(outcome.plan->present.size()) +
            " here already, " + count_text(outcome.plan->gained.size(), "CVE") + " newly closed");
      break;
  }
  print_published(outcome.published);
}

std::uint64_t number_of(const std::string& text) {
  const auto number = parse_number(text, 1ULL << 53);
  if (!number || *number == 0) throw UsageError("'" + printable(text) + "' is not a bundle's number", "the refusal names it");
  return *number;
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
  if (args.has("rollback")) order.permit = read_notice_file(args.required("rollback"));
  if (args.has("without-head")) order.vouching = args.required("without-head");
  if (args.has("accept-jump")) order.accept_jump = number_of(args.required("accept-jump"));
  Site site = open_site(args);
  recover(site);
  const ImportOutcome outcome = import_bundle(site, order);
  for (const auto& finding : outcome.findings) report(finding);
  if (!args.has("json"))
    for (const auto& warning : outcome.warnings) note("warning: " + warning);
  if (args.has("json"))
    print(outcome_json(outcome).dump(2));
  else if (!is_quiet())
    print_outcome(outcome, order.only_plan);
  if (!args.has("json")) say_alarms(site);
  return exit_code(outcome);
}

}  // namespace patchferry::importer
