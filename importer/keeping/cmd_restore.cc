// SPDX-License-Identifier: Apache-2.0
// patchferry restore: a site out of one file.
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/keeping/commands.h"
#include "importer/keeping/restore.h"
#include "importer/keeping/restore_text.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::importer::keeping {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"into-existing", "into the base that is there: its database is set aside, and what it has come to since is doubted",
     nullptr},
    kNoWaitOption,
    {"json", "one JSON document: site, made, contents, objects, archives, awaited, archives_lacking, needs_head, former",
     nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry restore --base DIR [--into-existing] FILE",
    "Makes a base of what 'patchferry backup' wrote, or puts it into one. All of FILE is checked before anything of it is in place.\n"
    "Interrupted, the same command again finishes.",
    kOptions,
    "patchferry restore --base /srv/patchferry /media/safe/plant1.backup",
};

}  // namespace

int cmd_restore(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 1) throw UsageError("one file is needed", "see 'patchferry restore --help'");
  RestoreOrder order;
  order.settings = settings_of(args);
  order.file = args.positional().front();
  order.into_existing = args.has("into-existing");
  if (args.has("no-wait")) order.wait = Site::Wait::no;
  const auto done = restore(order);
  if (!done) return report(done.error());
  if (args.has("json"))
    print(nlohmann::json({{"base", order.settings.base},
                          {"site", done->backup.site},
                          {"made", done->backup.made},
                          {"contents", done->backup.contents},
                          {"objects", done->objects},
                          {"archives", done->archives},
                          {"awaited", done->awaited},
                          {"archives_lacking", done->archives_lacking},
                          {"needs_head", done->needs_head},
                          {"former", done->former}})
              .dump(2));
  else if (!is_quiet())
    print_restored(order, *done);
  return say_failures(*done);
}

}  // namespace patchferry::importer::keeping
