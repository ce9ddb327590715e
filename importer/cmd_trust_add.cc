// SPDX-License-Identifier: Apache-2.0
// patchferry trust add: enrol another key or trust domain.
#include <nlohmann/json.hpp>

#include "bundle-format/words.h"
#include "importer/commands.h"
#include "importer/roots.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"json", "one JSON document: added[], before[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry trust add --base DIR KEY.pub|TRUSTDIR...",
    "Enrols another key or trust domain beside those of 'patchferry init': bundles under it are believed from now on. For when the\n"
    "signers have lost so many keys that they must start over. Compare the words with them, and not by the medium that brought the key.",
    kOptions,
    "patchferry trust add --base /var/lib/patchferry new-ops.pub",
};

}  // namespace

int cmd_trust_add(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().empty()) throw UsageError("no key was named", "name a .pub file, or the folder of root documents");
  const auto trusted = load_trust(args.positional());
  if (!trusted) return report(trusted.error());
  Site site = open_site(args);
  recover(site);
  std::vector<std::string> added;
  std::vector<std::string> before;
  for (const auto& anchor : trusted->anchors) {
    const bool fresh = enrol(site, anchor);
    (fresh ? added : before).push_back(name_of(anchor));
    if (fresh && !args.has("json") && !is_quiet())
      print("believed from now on: " + describe(anchor) + "\n  in words: " + words_of(anchor));
  }
  if (args.has("json"))
    print(nlohmann::json({{"added", added}, {"before", before}}).dump(2));
  else
    for (const auto& name : before) note(name + " was believed already");
  return added.empty() ? kNothingToDo : kDone;
}

}  // namespace patchferry::importer
