// SPDX-License-Identifier: Apache-2.0
// patchferry mirror add: take archives into a store.
#include <nlohmann/json.hpp>

#include "mirror/add.h"
#include "mirror/commands.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/command.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

constexpr OptionSpec kOptions[] = {
    {"store", "the store's folder; made if it is not there", "DIR"},
    {"channel", "the vendor's channel that they came by: default, test or unstable", "CHANNEL"},
    {"json", "one JSON document: added[], verbatim[], present[], restored[], moved[], refused[]", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry mirror add --store DIR [--channel default|test|unstable] FILE|DIR...",
    "Copies archives (K*.tar.bz2, U*.tar.bz2) into a store, takes each apart into its contents, and proves that it can be made again\n"
    "from them, byte for byte; one that cannot will travel as it is. What is not a readable archive, or is named otherwise, is\n"
    "refused by name, and the others are still taken. With --channel, what the store knows already moves to that channel.",
    kOptions,
    "patchferry mirror add --store /srv/store /srv/downloads",
};

}  // namespace

int cmd_mirror_add(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  const std::string path = args.required("store");
  if (args.positional().empty()) throw UsageError("no archive was given", "name archive files, or folders of them");
  const auto files = archives_in(args.positional());
  if (files.empty()) throw UsageError("there is no archive (*.tar.bz2) in " + args.positional().front(), "look with 'ls'");
  const std::string channel = args.has("channel") ? channel_typed(args.required("channel")) : "";
  std::uint64_t total = 0;
  for (const auto& file : files) total += size_of(file);

  Store store(path, Store::Open::create);
  AddReport done;
  {
    Progress progress("adding", total);
    done = add_archives(store, files, channel, [&](std::uint64_t n) { progress.add(n); });
  }
  if (args.has("json")) {
    auto refused = nlohmann::json::array();
    for (const auto& r : done.refused) refused.push_back({{"file", r.where}, {"kind", name_of(r.kind)}, {"text", r.text}});
    auto verbatim = nlohmann::json::array();
    for (const auto& v : done.verbatim) verbatim.push_back({{"name", v.name}, {"why", v.why}});
    print(nlohmann::json({{"added", done.added},
                          {"verbatim", verbatim},
                          {"present", done.present},
                          {"restored", done.restored},
                          {"moved", done.moved},
                          {"refused", refused}})
              .dump(2));
  } else if (!is_quiet()) {
    for (const auto& name : done.added) print("added " + name);
    for (const auto& v : done.verbatim) print("  " + v.name + " will travel as it is: " + v.why);
    for (const auto& name : done.restored) print("restored " + name + ": the store's file was missing or damaged");
    for (const auto& name : done.moved) print(name + " is in channel " + channel + " now");
    print(count_text(done.added.size(), "patchset") + " added to " + path + ", " + std::to_string(done.present.size()) +
          " there already, " + std::to_string(done.refused.size()) + " refused");
  }
  for (const auto& r : done.refused) report(r);
  const bool is_idle = done.added.empty() && done.restored.empty() && done.moved.empty();
  if (!done.refused.empty()) return is_idle ? kRefused : kInPart;
  return is_idle ? kNothingToDo : kDone;
}

}  // namespace patchferry::mirror
