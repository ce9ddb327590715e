// SPDX-License-Identifier: Apache-2.0
// patchferry adopt: take over an existing arch/.
#include <nlohmann/json.hpp>

#include "importer/adopt.h"
#include "importer/adopt_states.h"
#include "importer/commands.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"states", "what its feeds enabled: FEED=FILE, an answer of its admin API; or FILE, its log", "[FEED=]FILE", true},
    {"no-deploy", "enable them in no feed, and unpack nothing", nullptr},
    kNoWaitOption,
    {"json", "one JSON document: adopted[], present[], refused[], feeds[], states[], unknown[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry adopt --base DIR [--states [FEED=]FILE]... ARCHDIR|DATADIR",
    "Takes over the archives of an existing ePortal in place; none is copied. They came without a signature, and 'list' says so.\n"
    "On another file system, arch/ becomes a link to ARCHDIR. DATADIR is the folder that has arch/ in it. With --states, its feeds are\n"
    "made here and enable what they enabled there; nothing else is enabled.",
    kOptions,
    "patchferry adopt --base /var/lib/patchferry /var/lib/eportal/arch",
};

}  // namespace

int cmd_adopt(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  if (args.positional().size() != 1) throw UsageError("one folder is needed", "see 'patchferry adopt --help'");
  std::string folder = args.positional().front();
  if (is_folder(folder + "/arch")) folder += "/arch";
  if (!is_folder(folder)) throw UsageError("there is no folder " + folder, "give the arch/ folder of an ePortal");
  if (args.has("states") && args.has("no-deploy"))
    throw UsageError("--states and --no-deploy contradict each other", "leave one of them out");
  const auto states = read_states(args.values("states"));
  if (!states) return report(states.error());
  Site site = open_site(args);
  recover(site);
  const AdoptReport done = adopt(site, folder, !args.has("no-deploy") && !args.has("states"));
  const StatesReport set = set_states(site, *states);
  if (args.has("json")) {
    auto refused = nlohmann::json::array();
    for (const auto& r : done.refused) refused.push_back({{"file", r.where}, {"kind", name_of(r.kind)}, {"text", r.text}});
    auto feeds = nlohmann::json::array();
    for (const auto& one : set.set)
      feeds.push_back({{"feed", one.feed}, {"patchset", one.patchset}, {"state", word_for(one.state)}});
    print(nlohmann::json({{"adopted", done.adopted},
                          {"present", done.present},
                          {"refused", refused},
                          {"feeds", set.feeds},
                          {"states", feeds},
                          {"unknown", set.unknown}})
              .dump(2));
  } else if (!is_quiet()) {
    print(count_text(done.adopted.size(), "patchset") + " adopted, " + std::to_string(done.present.size()) + " known already, " +
          std::to_string(done.refused.size()) + " refused");
    if (done.linked_folder) print(site.arch() + " is a link to " + folder + ", which is on another file system");
    print_published(done.published);
    for (const auto& feed : set.feeds) print("feed " + feed + " was made; it waits for you");
    if (!set.set.empty()) print(count_text(set.set.size(), "state") + " taken over");
    if (!set.unknown.empty()) print(count_text(set.unknown.size(), "patchset") + " with a state there, and no archive here");
    print_published(set.changes.published);
  }
  for (const auto& r : set.refused) report(r);
  for (const auto& one : set.changes.stale) error_line(one.text, one.hint);
  const bool partly = !set.refused.empty() || !set.changes.stale.empty();
  for (const auto& r : done.refused) report(r);
  for (const auto& one : done.stale) error_line(one.text, one.hint);
  if (!done.stale.empty() || partly) return kInPart;
  if (!done.refused.empty()) return done.adopted.empty() ? kRefused : kInPart;
  return done.adopted.empty() && set.set.empty() ? kNothingToDo : kDone;
}

}  // namespace patchferry::importer
