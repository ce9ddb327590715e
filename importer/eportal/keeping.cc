// SPDX-License-Identifier: Apache-2.0
// kc.eportal backup, backup-db, restore: over the same functions as patchferry backup and restore.
#include <algorithm>
#include <fmt/format.h>

#include "importer/eportal/words.h"
#include "importer/keeping/backup.h"
#include "importer/keeping/commands.h"
#include "importer/keeping/restore.h"
#include "importer/keeping/restore_text.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer::eportal {

namespace {

int back_up(Site& site, const std::string& file, bool contents) {
  const auto done = keeping::make_backup(site, {file, contents, keeping::configuration_in_force()});
  for (const auto& path : done.left_out)
    error_line(path + " has changed on this disk, and is not in the backup", "is the disk failing? Take that file away");
  note(file + " was written: " + size_text(done.bytes) + "; it holds the site's secret key");
  return done.left_out.empty() ? kDone : kInPart;
}

}  // namespace

int backup(const Call& call) {
  OpenedSite site;
  return back_up(*site, call.argument(), true);
}

int backup_db(const Call& call) {
  const std::string folder = call.argument();
  if (!is_folder(folder)) throw UsageError("there is no folder " + folder, "is the medium mounted?");
  OpenedSite site;
  std::string time = time_text(now()).substr(0, 19);
  std::erase(time, ':');
  std::replace(time.begin(), time.end(), ' ', '-');
  const std::string file = fmt::format("{}/{}-db-{}.tar", folder, (*site).name(), time);
  const int code = back_up(*site, file, false);
  print(file);
  return code;
}

int restore_backup(const Call& call) {
  if (call.args.has("config"))
    throw UsageError("the configuration is never put in place by itself; nothing has been changed",
                     "restore --db puts it into the base as restored-config.toml: compare, and copy what is right");
  if (call.args.has("instance-id"))
    throw UsageError("there is no instance id here: a site is known by its key; nothing has been changed",
                     "restore --db brings the key with the database");
  if (call.args.has("db") + call.args.has("data") + call.args.has("full") > 1)
    throw UsageError("--db, --data and --full contradict each other", "nothing has been changed; give one of them");
  keeping::RestoreOrder order;
  order.settings = read_settings("");
  order.file = call.argument();
  order.into_existing = keeping::is_base(order.settings.base);
  order.database = !call.args.has("data");
  order.contents = !call.args.has("db");
  const auto done = keeping::restore(order);
  if (!done) return report(done.error());
  keeping::print_restored(order, *done);
  return keeping::say_failures(*done);
}

}  // namespace patchferry::importer::eportal
