// SPDX-License-Identifier: Apache-2.0
#include "importer/alarms.h"

#include <fmt/format.h>
#include <tuple>

#include "bundle-format/readme.h"
#include "importer/evidence.h"
#include "importer/ledger.h"
#include "system/calendar.h"

namespace patchferry::importer {

std::vector<Alarm> alarms(Site& site) {
  std::vector<Alarm> out;
  const LedgerView view = ledger(site);
  if (!view.in_doubt.empty())
    out.push_back(
        {"needs-head", "the ledger was put back from an older copy: nothing is imported before a head token for the challenge " +
                           view.challenge + " has come ('patchferry head make --challenge " + view.challenge +
                           "' there, 'patchferry head take' here)"});
  for (const auto& name : evidence(site))
    out.push_back({"fork", "two accounts were signed of one number: evidence/" + name +
                               "; tell the exporter's people, and once it is settled, take that folder away"});
  for (const auto& head : view.heads) {
    const LedgerEntry* last = view.last(head.stream);
    if (last != nullptr && std::tie(last->epoch, last->sequence) >= std::tie(head.epoch, head.sequence)) continue;
    out.push_back({"held-back", fmt::format("bundle {} exists and has not come, the last one was {}: bring bundle {} ({})",
                                            head.sequence, last != nullptr ? std::to_string(last->sequence) : "none",
                                            head.sequence, bundle_folder_name(site.name(), head.sequence))});
  }
  const SiteTime time = site_time(site);
  if (auto text = silence_warning(newest_made(site), site.settings().silence_days, time); !text.empty())
    out.push_back({"silence", std::move(text)});
  if (auto text = clock_warning(time); !text.empty()) out.push_back({"clock", std::move(text)});
  return out;
}

}  // namespace patchferry::importer
