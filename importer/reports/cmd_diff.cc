// SPDX-License-Identifier: Apache-2.0
// patchferry diff: what a bundle would change here.
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/import.h"
#include "importer/outcome_text.h"
#include "importer/reports/commands.h"
#include "importer/reports/plan_effect_text.h"
#include "importer/reports/plan_page.h"
#include "system/calendar.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"html", "write a report to this file as well: one page that loads nothing, to be read, printed and signed", "FILE"},
    {"json", "one JSON document: bundle, sequence, site, patchsets, cves, bytes, feeds", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry diff --base DIR [--html FILE] BUNDLE...",
    "Shows what an import of this bundle would change: patchsets, CVEs newly closed and for which kernels, bytes, feeds. The bundle's\n"
    "description is verified; its payload is not read (that is 'patchferry verify', and part of every import).",
    kOptions,
    "patchferry diff --base /var/lib/patchferry /media/usb/patchferry-plant1-000001",
};

}  // namespace

int cmd_diff(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  ImportOrder order;
  order.media = args.positional();
  order.only_plan = true;
  if (args.has("html")) check_report_path(args.required("html"));
  Site site = open_site(args);
  recover(site);
  const ImportOutcome outcome = import_bundle(site, order);
  for (const auto& finding : outcome.findings) report(finding);
  if (!args.has("json"))
    for (const auto& warning : outcome.warnings) note("warning: " + warning);
  std::optional<PlanEffect> effect;
  if (outcome.plan) effect = effect_of(site, *outcome.plan);
  if (args.has("html")) write_plan(args.required("html"), outcome, effect);
  if (args.has("json")) {
    auto document = outcome_json(outcome);
    if (effect) add_effect(*outcome.plan, *effect, document);
    print(document.dump(2));
  } else if (outcome.kind == ImportOutcome::Kind::nothing_to_do) {
    note("this bundle has been imported already; it would change nothing");
  } else if (outcome.plan) {
    print_explained(*outcome.plan, *effect);
  }
  return exit_code(outcome);
}

}  // namespace patchferry::importer
