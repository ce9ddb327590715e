// SPDX-License-Identifier: Apache-2.0
// patchferry import: bring a bundle in.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/holdings.h"
#include "importer/import.h"
#include "importer/notices.h"
#include "importer/outcome_text.h"
#include "importer/reports/commands.h"
#include "importer/reports/plan_effect_text.h"
#include "importer/reports/plan_page.h"
#include "importer/waiting_text.h"
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
    {"archives", "make arch/ complete 'now' (after the feeds are published), 'later' by 'patchferry archives', or 'never'",
     "WHEN"},
    {"dry-run", "show what would change, and change nothing", nullptr},
    kNoWaitOption,
    {"rollback", "a permit, signed by the release keys, to go back to this older bundle ('patchferry permit make')", "FILE"},
    {"accept-jump", "the bundle's number is right, however far it is ahead; the audit log says who confirmed it", "NUMBER"},
    {"without-head", "import although this site needs a head token, for a reason that the audit log keeps", "REASON"},
    {"html", "with --dry-run, write a report to this file as well: one page that loads nothing, to be read and signed", "FILE"},
    {"json", "one JSON document: the plan, and what became of it", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry import --base DIR BUNDLE... [--dry-run [--html FILE]] [--feed FEED]... [--no-deploy] [--archives now|later|never] [--no-wait]",
    "Verifies a bundle, deploys its patchsets into feeds, then makes the vendor's archives again in arch/, byte for byte. The medium is\n"
    "only ever read. Feeds do not wait for arch/; interrupted there, 'patchferry archives' finishes.\n"
    "BUNDLE is the bundle's folder, one or more folders that hold its volumes, or - for a stream. If volumes are missing, those that\n"
    "are here are kept, and the same command with the next medium goes on (exit 5 until it is whole).",
    kOptions,
    "patchferry import --base /var/lib/patchferry /media/usb/patchferry-plant1-000001",
};

/// `effect`: of a plan that is to be shown.
bool waits(const std::vector<Judged>& all) {
  return std::any_of(all.begin(), all.end(), [](const Judged& one) { return !one.verdict.takes(); });
}

void print_outcome(const ImportOutcome& outcome, bool dry_run, const std::optional<PlanEffect>& effect = {}) {
  switch (outcome.kind) {
    case ImportOutcome::Kind::refused: break;
    case ImportOutcome::Kind::nothing_to_do: note("this bundle has been imported already"); break;
    case ImportOutcome::Kind::planned: print_explained(*outcome.plan, *effect); break;
    case ImportOutcome::Kind::incomplete:
      if (effect) print_explained(*outcome.plan, *effect);
      if (!dry_run)
        note("the volumes that are here have been checked and kept; bring the others and run the same command with them");
      break;
    case ImportOutcome::Kind::imported:
      for (const auto& name : outcome.plan->replaced)
        print("REPLACED: another archive was here as " + name + ", for which nobody had signed; it is in the trash");
      for (const auto& name : outcome.plan->withdrawn)
        print("withdrawn by the vendor: " + name + " is disabled in every feed, for good");
      for (const auto& name : outcome.plan->disabled) print("rollback: " + name + " is disabled in every feed");
      print((outcome.plan->is_rollback ? "went back to bundle " : "imported bundle ") + std::to_string(outcome.plan->sequence) +
            ": " + count_text(outcome.plan->fresh.size(), "patchset") + " new, " + std::to_string(outcome.plan->present.size()) +
            " here already, " + count_text(outcome.plan->gained.size(), "CVE") + " newly closed" +
            (waits(outcome.plan->judged) ? ", once feeds have taken what waits" : ""));
      print_waiting(outcome.plan->judged);
      break;
  }
  print_published(outcome.published);
}

/// While archives are made, agents are served already.
void say_what_follows(const ArchiveMode mode, std::uint64_t archives) {
  if (archives == 0) return;
  if (mode == ArchiveMode::now)
    note("the feeds are published; now making " + count_text(archives, "archive") + " again in arch/");
  else
    note(count_text(archives, "archive") + " not in arch/ yet: 'patchferry archives' makes them");
}

void print_archives(const ArchivesReport& report) {
  if (!report.done.empty() && !is_quiet())
    print(count_text(report.done.size(), "archive") + " made again in arch/, byte for byte");
  if (!report.mended.empty() && !is_quiet())
    print("contents of " + count_text(report.mended.size(), "patchset") + " taken out of what is here, and kept");
  if (!report.pending.empty() && !report.failed.empty())
    warn("the import is done and the feeds are published, but " + count_text(report.pending.size(), "archive") +
         " could not be made again in arch/; 'patchferry archives' tries again");
}

ArchiveMode archive_mode(const std::string& word) {
  if (word.empty() || word == "now") return ArchiveMode::now;
  if (word == "later") return ArchiveMode::later;
  if (word == "never") return ArchiveMode::never;
  throw UsageError("--archives takes now, later or never, not '" + printable(word) + "'");
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
  order.archives = archive_mode(args.value("archives"));
  if (args.has("rollback")) order.permit = read_notice_file(args.required("rollback"));
  if (args.has("without-head")) order.vouching = args.required("without-head");
  if (args.has("accept-jump")) order.accept_jump = number_of(args.required("accept-jump"));
  if (args.has("html") && !order.only_plan)
    throw UsageError("--html goes with --dry-run", "first look at the plan, then import without --html");
  if (args.has("html")) check_report_path(args.required("html"));
  Site site = open_site(args);
  recover(site);
  const bool in_words = !args.has("json") && !is_quiet();
  bool printed = false;
  const ImportOutcome outcome = import_bundle(site, order, [&](const ImportOutcome& so_far) {
    if (!args.has("json"))
      for (const auto& warning : so_far.warnings) note("warning: " + warning);
    if (in_words) print_outcome(so_far, order.only_plan);
    if (in_words) say_what_follows(order.archives, owed(site).size());
    printed = true;
  });
  for (const auto& finding : outcome.findings) report(finding);
  if (!args.has("json") && !printed)
    for (const auto& warning : outcome.warnings) note("warning: " + warning);
  report_failures(outcome.archives);
  std::optional<PlanEffect> effect;
  if (order.only_plan && outcome.plan) effect = effect_of(site, *outcome.plan);
  if (args.has("html")) write_plan(args.required("html"), outcome, effect);
  if (args.has("json")) {
    auto document = outcome_json(outcome);
    if (effect) add_effect(*outcome.plan, *effect, document);
    print(document.dump(2));
  } else if (in_words && !printed) {
    print_outcome(outcome, order.only_plan, effect);
  }
  if (!args.has("json")) print_archives(outcome.archives);
  if (!args.has("json")) say_alarms(site);
  return exit_code(outcome);
}

}  // namespace patchferry::importer
