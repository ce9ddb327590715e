// SPDX-License-Identifier: Apache-2.0
// patchferry mirror withdraw: the vendor has taken a patchset back.
#include <nlohmann/json.hpp>

#include "mirror/commands.h"
#include "mirror/store.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/command.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

constexpr OptionSpec kOptions[] = {
    {"store", "the store's folder", "DIR"},
    {"yes", "also withdraw names that this store does not hold", nullptr},
    {"json", "one JSON document: withdrawn[], before[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry mirror withdraw --store DIR PATCHSET...",
    "Marks patchsets that the vendor has taken back. They are shipped no more, and the next bundle for each site disables them in\n"
    "every feed there, for good: a withdrawal is never undone, the vendor's next release takes the place.",
    kOptions,
    "patchferry mirror withdraw --store /srv/store K20260105_01",
};

}  // namespace

int cmd_mirror_withdraw(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().empty()) throw UsageError("no patchset was named", "name it as 'patchferry mirror list' does");
  for (const auto& name : args.positional())
    if (!parse_patchset_name(name))
      throw UsageError("'" + printable(name) + "' is not a patchset's name", "it looks like K20260105_01, without .tar.bz2");
  Store store(args.required("store"), Store::Open::existing);
  for (const auto& name : args.positional())
    if (!store.find(name) && !args.has("yes"))
      throw UsageError(name + " is not in this store",
                       "a withdrawal is for good, so a slip of the pen would be, too; if the name is right, add --yes");
  std::vector<std::string> fresh;
  std::vector<std::string> before;
  for (const auto& name : args.positional()) {
    (store.withdraw(name) ? fresh : before).push_back(name);
  }
  if (args.has("json")) {
    print(nlohmann::json({{"withdrawn", fresh}, {"before", before}}).dump(2));
  } else if (!is_quiet()) {
    for (const auto& name : fresh) print("withdrew " + name + ": the next bundle for each site disables it there");
    for (const auto& name : before) print(name + " was withdrawn before");
  }
  return fresh.empty() ? kNothingToDo : kDone;
}

}  // namespace patchferry::mirror
