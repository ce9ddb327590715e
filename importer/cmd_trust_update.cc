// SPDX-License-Identifier: Apache-2.0
// patchferry trust update: newer root documents without a bundle.
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/roots.h"
#include "system/failure.h"
#include "terminal/output.h"
#include "verifier/root_files.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"json", "one JSON document: domain, version, new", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry trust update --base DIR TRUSTDIR|FILE",
    "Takes newer root documents of a trust domain that is enrolled here, so that a key which was rotated out stops working before\n"
    "the next bundle comes. Bundles bring the same documents; this is for when a key was stolen and there is no time.",
    kOptions,
    "patchferry trust update --base /var/lib/patchferry /media/usb/trust",
};

}  // namespace

int cmd_trust_update(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 1) throw UsageError("name the folder of root documents, or a file that holds them all");
  const std::string& path = args.positional().front();
  if (!exists(path)) throw UsageError("there is no " + path, "give the folder that 'patchferry trust rotate' wrote to");
  const auto chain = load_root_chain(path);
  if (!chain) return report(chain.error());
  Site site = open_site(args);
  recover(site);
  const auto moved = advance(site, *chain);
  if (!moved) return report(Refusal(moved.error()).in(path));
  const std::string domain = fingerprint(sha256(chain->front().document));
  if (args.has("json"))
    print(nlohmann::json({{"domain", domain}, {"version", chain->size()}, {"new", *moved}}).dump(2));
  else if (!is_quiet())
    print("trust domain " + domain + ": root document " + std::to_string(chain->size()) +
          (*moved ? " is in force from now on" : " was in force already"));
  return *moved ? kDone : kNothingToDo;
}

}  // namespace patchferry::importer
