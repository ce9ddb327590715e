// SPDX-License-Identifier: Apache-2.0
// patchferry pin, unpin: what cleaning is to leave alone.
#include <nlohmann/json.hpp>

#include "importer/cleaning/cleaning_commands.h"
#include "importer/commands.h"
#include "importer/pins.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"json", "one JSON document: changed[], pinned[]", nullptr},
};
constexpr CommandSpec kPin = {
    "patchferry pin --base DIR NAME...",
    "Keeps patchsets, however obsolete they become: 'patchferry clean' leaves them alone. Feeds are not changed.",
    kOptions,
    "patchferry pin --base /var/lib/patchferry K20260105_01",
};
constexpr CommandSpec kUnpin = {
    "patchferry unpin --base DIR NAME...",
    "Takes pins back: 'patchferry clean' may take these patchsets away, once they are obsolete.",
    kOptions,
    "patchferry unpin --base /var/lib/patchferry K20260105_01",
};

int run(const CommandSpec& spec, const std::vector<std::string>& arguments, bool pinned) {
  const Arguments args(spec, arguments);
  if (args.help_shown()) return kDone;
  const std::string word = pinned ? "pin" : "unpin";
  if (args.positional().empty()) throw UsageError("which patchset?", "see 'patchferry " + word + " --help'");
  Site site = open_site(args);
  recover(site);
  const auto changed = set_pinned(site, args.positional(), pinned);
  if (args.has("json"))
    print(nlohmann::json({{"changed", changed}, {"pinned", pinned_names(site)}}).dump(2));
  else if (!is_quiet())
    for (const auto& name : changed) print(name + (pinned ? " is pinned" : " is no longer pinned"));
  if (!changed.empty()) return kDone;
  note(std::string("nothing to do: ") + (pinned ? "pinned already" : "not pinned"));
  return kNothingToDo;
}

}  // namespace

int cmd_pin(std::vector<std::string> arguments) { return run(kPin, arguments, true); }
int cmd_unpin(std::vector<std::string> arguments) { return run(kUnpin, arguments, false); }

}  // namespace patchferry::importer
