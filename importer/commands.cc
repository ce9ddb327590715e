// SPDX-License-Identifier: Apache-2.0
#include "importer/commands.h"

#include "importer/alarms.h"

#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer {

Settings settings_of(const Arguments& args) { return read_settings(args.has("base") ? args.required("base") : ""); }

Site open_site(const Arguments& args) { return Site(settings_of(args), args.has("no-wait") ? Site::Wait::no : Site::Wait::yes); }

void take_no_more(const Arguments& args, const char* command) {
  if (!args.positional().empty())
    throw UsageError(std::string("'") + command + "' takes no argument '" + printable(args.positional().front()) + "'",
                     std::string("see 'patchferry ") + command + " --help'");
}

void say_alarms(Site& site) {
  for (const auto& alarm : alarms(site)) note("alarm: " + alarm.text);
}

void print_published(const std::vector<Published>& published) {
  for (const auto& p : published) {
    print("feed " + p.feed + ": generation " + std::to_string(p.generation) + " serves " + std::to_string(p.idents) +
          " kernels and build ids");
    for (const auto& level : p.reissued) print("  reissued: " + level + " (the newest enabled patchset is served)");
  }
}

}  // namespace patchferry::importer
