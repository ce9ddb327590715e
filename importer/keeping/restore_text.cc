// SPDX-License-Identifier: Apache-2.0
#include "importer/keeping/restore_text.h"

#include "importer/commands.h"
#include "system/calendar.h"
#include "terminal/command.h"
#include "terminal/output.h"

namespace patchferry::importer::keeping {

void print_restored(const RestoreOrder& order, const RestoreReport& done) {
  const std::string& base = order.settings.base;
  if (order.database)
    print(base + " is the site " + done.backup.site + " as it was at " + time_text(done.backup.made) +
          (done.went_on ? "; an earlier run had been interrupted" : ""));
  if (order.contents && done.backup.contents)
    print(count_text(done.archives, "archive") + " and " + count_text(done.objects, "object") + " put in place");
  if (!done.former.empty()) print("the database that was there is now " + done.former);
  for (const auto& name : done.not_enrolled)
    print("trust/ stays as it is; the backup has " + name +
          " as well: 'patchferry trust add' enrols it, if it is still to be believed");
  if (!done.configuration.empty())
    print("the configuration as it was (" + done.backup.configuration + ") is " + done.configuration +
          "; nothing reads it: compare the two");
  print_published(done.published);
  if (done.awaited > 0)
    print(count_text(done.awaited, "patchset") +
          " wait for their contents; feeds leave them out until then, and show them again by themselves");
  std::vector<std::string> next;
  if (done.needs_head)
    next.push_back("nothing is imported before somebody has said how far the bundles had come: 'patchferry status --base " +
                   base + "' names the challenge for a head token");
  else if (order.database && done.former.empty())
    next.push_back(
        "what came after that time is not known here: take a head token ('patchferry head take'), so that an older bundle is not taken for the newest");
  if (done.awaited + done.archives_lacking > 0) {
    next.push_back("copy the old machine's arch/ to " + base + "/arch, if there is one, and type 'patchferry archives --base " +
                   base + "'");
    next.push_back("'patchferry receipt --base " + base +
                   " --out FILE' tells the exporter what is missing; the next bundle brings it");
  }
  for (const auto& line : next) print("next: " + line);
}

int say_failures(const RestoreReport& done) {
  for (const auto& one : done.failed) error_line(one.text, one.hint);
  return done.failed.empty() ? kDone : kInPart;
}

}  // namespace patchferry::importer::keeping
