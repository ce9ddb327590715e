// SPDX-License-Identifier: Apache-2.0
// patchferry feed promote: what one feed has enabled, into another.
#include "importer/catalogue.h"
#include "importer/commands.h"
#include "importer/feed_text.h"
#include "importer/promote.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"up-to", "this patchset and older ones of its product, and no other", "NAME"},
    {"dry-run", "show what would change, and change nothing", nullptr},
    kNoWaitOption,
    {"json", "one JSON document: changes[], kept[], published[], waiting[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry feed promote --base DIR [--up-to NAME] [--dry-run] FROM TO",
    "Enables in feed TO what feed FROM has enabled, at once. What is disabled or withdrawn in TO, rejected there, or newer than its sticky\n"
    "point stays out and is named.",
    kOptions,
    "patchferry feed promote --base /var/lib/patchferry test main --up-to K20260114_02",
};

}  // namespace

int cmd_feed_promote(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 2)
    throw UsageError("two feeds are needed: FROM and TO", "see 'patchferry feed promote --help'");
  Site site = open_site(args);
  recover(site);
  PromoteOrder order;
  order.from = find_feed(site, args.positional()[0]);
  order.to = find_feed(site, args.positional()[1]);
  if (args.has("up-to")) order.up_to = find_named(site, args.required("up-to")).name.patchset;
  order.only_plan = args.has("dry-run");
  const auto report = promote(site, order);
  if (order.only_plan && !args.has("json")) note("this is what would change; nothing has been changed");
  return finish(args, report);
}

}  // namespace patchferry::importer
