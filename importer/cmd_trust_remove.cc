// SPDX-License-Identifier: Apache-2.0
// patchferry trust remove: believe a key or trust domain no longer.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/roots.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"json", "one JSON document: removed, left[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry trust remove --base DIR FINGERPRINT",
    "Believes a key or trust domain no longer: what was enrolled, with all root documents that followed. What has come under it stays.\n"
    "FINGERPRINT is as 'patchferry init' and 'patchferry trust add' have shown it.",
    kOptions,
    "patchferry trust remove --base /var/lib/patchferry 75c9-3b0a-d8cd-e8c5",
};

}  // namespace

int cmd_trust_remove(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 1)
    throw UsageError("one fingerprint is needed", "the audit log and 'patchferry init' show them");
  const std::string& wanted = args.positional().front();
  Site site = open_site(args);
  recover(site);
  const TrustAnchors known = anchors(site);
  const auto found = std::find_if(known.anchors.begin(), known.anchors.end(),
                                  [&](const TrustAnchor& a) { return name_of(a) == wanted || fingerprint(a.domain) == wanted; });
  std::vector<std::string> names;
  for (const auto& anchor : known.anchors) names.push_back(name_of(anchor));
  if (found == known.anchors.end()) {
    std::string all;
    for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
    throw UsageError("nothing of the fingerprint '" + printable(wanted) + "' is believed here", "believed are: " + all);
  }
  if (names.size() == 1)
    throw UsageError("this is all that is believed here", "enrol what takes its place first, with 'patchferry trust add'");
  const std::string removed = name_of(*found);
  disown(site, *found);
  std::erase(names, removed);
  if (args.has("json"))
    print(nlohmann::json({{"removed", removed}, {"left", names}}).dump(2));
  else if (!is_quiet())
    print(removed + " is no longer believed");
  return kDone;
}

}  // namespace patchferry::importer
