// SPDX-License-Identifier: Apache-2.0
// patchferry adopt: take over an existing arch/.
#include <nlohmann/json.hpp>

#include "importer/adopt.h"
#include "importer/commands.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"no-deploy", "enable them in no feed, and unpack nothing", nullptr},
    kNoWaitOption,
    {"json", "one JSON document: adopted[], present[], refused[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry adopt --base DIR ARCHDIR",
    "Takes over the archives of an existing ePortal in place; none is copied. They came without a signature, and 'list' says so.\n"
    "On another file system, arch/ becomes a link to ARCHDIR.",
    kOptions,
    "patchferry adopt --base /var/lib/patchferry /var/lib/eportal/arch",
};

}  // namespace

int cmd_adopt(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 1) throw UsageError("one folder is needed", "see 'patchferry adopt --help'");
  const std::string folder = args.positional().front();
  if (!is_folder(folder)) throw UsageError("there is no folder " + folder, "give the arch/ folder of an ePortal");
  Site site = open_site(args);
  recover(site);
  const AdoptReport done = adopt(site, folder, !args.has("no-deploy"));
  if (args.has("json")) {
    auto refused = nlohmann::json::array();
    for (const auto& r : done.refused) refused.push_back({{"file", r.where}, {"kind", name_of(r.kind)}, {"text", r.text}});
    print(nlohmann::json({{"adopted", done.adopted}, {"present", done.present}, {"refused", refused}}).dump(2));
  } else if (!is_quiet()) {
    print(count_text(done.adopted.size(), "patchset") + " adopted, " + std::to_string(done.present.size()) + " known already, " +
          std::to_string(done.refused.size()) + " refused");
    if (done.linked_folder) print(site.arch() + " is a link to " + folder + ", which is on another file system");
    print_published(done.published);
  }
  for (const auto& r : done.refused) report(r);
  for (const auto& one : done.stale) error_line(one.text, one.hint);
  if (!done.stale.empty()) return kInPart;
  if (!done.refused.empty()) return done.adopted.empty() ? kRefused : kInPart;
  return done.adopted.empty() ? kNothingToDo : kDone;
}

}  // namespace patchferry::importer
