// SPDX-License-Identifier: Apache-2.0
// patchferry status: how fresh, full and busy this site is.
#include <nlohmann/json.hpp>

#include "bundle-format/words.h"
#include "importer/alarms.h"
#include "importer/commands.h"
#include "importer/status.h"
#include "system/calendar.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    kNoWaitOption,
    {"json",
     "one JSON document: site, sequence, last_import, newest, pending_archives, archives, quarantine, trash, disk, alarms[], key",
     nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry status --base DIR",
    "Shows the last bundle, the newest patchset and its age, archives that are missing from arch/, what lies in quarantine and\n"
    "trash, disk space, and alarms: bundles that are held back, silence, a ledger that was put back, two bundles under one number, a wrong clock.",
    kOptions,
    "patchferry status --base /var/lib/patchferry",
};

std::string archives_text(const Status& s) {
  std::string out = size_text(s.arch_bytes);
  if (s.pending.empty() && s.missing == 0 && s.never == 0) return out + ", all in arch/";
  if (s.can_be_made > 0)
    out +=
        ", " + std::to_string(s.can_be_made) + " pending (" + size_text(s.bytes_to_make) + "): 'patchferry archives' makes them";
  if (s.missing > 0) out += ", " + std::to_string(s.missing) + " missing from arch/: the next receipt asks for them";
  if (s.never > 0) out += ", " + std::to_string(s.never) + " kept as recipes only";
  return out;
}

}  // namespace

int cmd_status(std::vector<std::string> arguments) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  take_no_more(args, "status");
  Site site = open_site(args);
  recover(site);
  const Status s = status_of(site);
  const std::string key = fingerprint(site.secret().signing.public_key());
  if (args.has("json")) {
    nlohmann::json newest = nullptr;
    if (s.newest)
      newest = {{"name", s.newest->name.patchset.text},
                {"released", to_text(s.newest->name.patchset.released)},
                {"age_days", s.newest_age_days}};
    auto alarm_json = nlohmann::json::array();
    for (const auto& alarm : s.alarms) alarm_json.push_back({{"kind", alarm.kind}, {"text", alarm.text}});
    nlohmann::json last_import = nullptr;
    if (s.last_import != 0) last_import = s.last_import;
    print(nlohmann::json(
              {{"site", site.name()},
               {"sequence", s.sequence},
               {"last_import", last_import},
               {"newest", newest},
               {"pending_archives", s.pending},
               {"archives",
                {{"pending", s.can_be_made}, {"pending_bytes", s.bytes_to_make}, {"missing", s.missing}, {"never", s.never}}},
               {"quarantine", {{"bytes", s.quarantine_bytes}}},
               {"trash", {{"bytes", s.trash_bytes}}},
               {"disk", {{"archives", s.arch_bytes}, {"free", s.free}}},
               {"alarms", alarm_json},
               {"key", key}})
              .dump(2));
    return kDone;
  }
  print("site            " + site.name() + " (receipts signed by " + key + ")");
  print("  in words      " + site_key_words(site.secret().public_half()));
  print("last bundle     " +
        (s.sequence == 0 ? "none yet" : std::to_string(s.sequence) + ", imported " + time_text(s.last_import)));
  print("newest patchset " +
        (s.newest ? s.newest->name.patchset.text + ", released " + count_text(s.newest_age_days, "day") + " ago" : "none"));
  print("archives        " + archives_text(s));
  print("quarantine      " +
        (s.quarantine_bytes == 0
             ? std::string("empty")
             : size_text(s.quarantine_bytes) + " of an import that is not finished: run it again, or bring the other volumes"));
  if (s.trash_bytes != 0) print("trash           " + size_text(s.trash_bytes) + ": 'patchferry clean --empty-trash' frees it");
  print("free            " + size_text(s.free));
  for (const auto& alarm : s.alarms) print("ALARM           " + alarm.text);
  return kDone;
}

}  // namespace patchferry::importer
