// SPDX-License-Identifier: Apache-2.0
// kc.eportal --clean-releases, and … unroll --delete: what takes files away.
#include "importer/cleaning/clean.h"

#include <cstdlib>

#include "importer/eportal/words.h"
#include "importer/reserve.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer::eportal {

namespace {

/// As the vendor's manual has it: DRY_RUN=1 before the command.
bool only_shows() {
  const char* value = std::getenv("DRY_RUN");
  return value != nullptr && *value != '\0' && std::string(value) != "0";
}

void log_plan(const CleanPlan& plan, bool dry) {
  for (const auto& one : plan.goes)
    note(one.name + (dry ? " would be cleaned: " : " was cleaned: ") + one.why.text + " (" + size_text(one.bytes) + ")");
  for (const auto& one : plan.leaves) note(one.name + (dry ? " would leave: " : " leaves: ") + one.why.text);
  if (plan.left_over != 0)
    note(count_text(plan.left_over, "content") + " that no patchset needs" +
         (dry ? " would be cleaned (" : " went to the trash (") + size_text(plan.left_over_bytes) + ")");
}

}  // namespace

int clean_releases(const Call&) {
  CleanOrder order;
  // As 'patchferry clean': even to open a base takes some room.
  const std::string base = read_settings("").base;
  if (!only_shows() && is_folder(base) && is_full(base)) order.disk_was_full = give_back_reserve(base);
  OpenedSite site;
  if (only_shows()) {
    const CleanPlan plan = plan_clean(*site);
    log_plan(plan, true);
    if (!plan.has_work()) note("nothing to clean");
    return kDone;
  }
  const CleanReport done = clean(*site, order);
  if (done.disk_was_full) note("the disk was full: the whole trash was emptied, and what is cleaned does not stay in it");
  log_plan(done.plan, false);
  if (!done.emptied.folders.empty()) note("the trash was emptied: " + size_text(done.emptied.bytes));
  if (done.plan.goes.empty() && done.newly_leaving.empty() && done.objects == 0) {
    note("nothing to clean");
    return kNothingToDo;
  }
  return kDone;
}

int delete_patchset(Site& site, const std::string& name) {
  CleanOrder order;
  order.only_these = true;
  order.at_once = {name};
  const CleanReport done = clean(site, order);
  for (const auto& one : done.plan.goes) {
    note(one.name + " was deleted; its archive lies in trash/ for " + count_text(site.settings().clean.trash_days, "day"));
    if (done.plan.has_issued_receipt)
      note("write a receipt before the next bundle is made: by the last one, it may build on " + one.name);
    return kDone;
  }
  for (const auto& one : done.plan.stays) {
    if (one.name != name) continue;
    const bool in_use = one.why.reason == "generation";
    error_line(name + " is disabled in every feed, and its files stay: " + one.why.text,
               in_use ? "servers may be fetching it just now: type it again in ten minutes" : "see to that, then type it again");
  }
  return kInPart;
}

}  // namespace patchferry::importer::eportal
