// SPDX-License-Identifier: Apache-2.0
// patchferry diff: what a bundle would change here.
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/import.h"
#include "importer/outcome_text.h"
#include "importer/plan_text.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"json", "one JSON document: bundle, sequence, site, patchsets, cves, bytes, feeds", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry diff --base DIR BUNDLE...",
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
  Site site = open_site(args);
  recover(site);
  const ImportOutcome outcome = import_bundle(site, order);
  for (const auto& finding : outcome.findings) report(finding);
  if (!args.has("json"))
    for (const auto& warning : outcome.warnings) note("warning: " + warning);
  if (args.has("json")) {
    print(outcome_json(outcome).dump(2));
  } else if (outcome.kind == ImportOutcome::Kind::nothing_to_do) {
    note("this bundle has been imported already; it would change nothing");
  } else if (outcome.plan) {
    print_plan(*outcome.plan);
  }
  return exit_code(outcome);
}

}  // namespace patchferry::importer
