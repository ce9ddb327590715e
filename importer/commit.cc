// SPDX-License-Identifier: Apache-2.0
#include "importer/commit.h"

#include "importer/unpack.h"
#include "system/calendar.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

void commit(Site& site, const Change& change) {
  sync_file_system(site.base());  // an object that has its final name is trusted by it, so its bytes come first
  place_objects(site, change.work);
  sync_file_system(site.base());

  Transaction transaction(site.db());
  const std::string work = change.work.substr(site.base().size() + 1);
  Query pending(site.db(), "INSERT INTO pending_rename(source, target) VALUES(?1,?2)");
  std::string names;
  for (const auto& patchset : change.patchsets) {
    const std::string& name = patchset.name.patchset.text;
    const std::int64_t id = record_patchset(site, patchset);
    if (patchset.unpacked) pending.bind(work + "/resources/" + name, "resources/" + name).run();
    if (change.archives_in_work) pending.bind(work + "/arch/" + patchset.name.file, "arch/" + patchset.name.file).run();
    for (const auto& feed : change.enable_in) enable(site, feed, id);
    names += " " + name;
  }
  for (const auto& file : change.restored) pending.bind(work + "/arch/" + file, "arch/" + file).run();
  for (const auto& name : change.withdrawn) mark_withdrawn(site, name);
  if (const Statement* s = change.statement; s != nullptr)
    Query(site.db(), "INSERT INTO ledger VALUES(?1,?2,?3,?4,?5,?6)")
        .bind(s->stream.bytes, s->epoch, s->sequence, change.statement_hash, s->bundle.bytes, now())
        .run();
  AuditEvent event{.what = change.what, .detail = change.detail + count_text(change.patchsets.size(), "patchset")};
  if (!names.empty()) event.detail += ":" + names;
  if (const Statement* s = change.statement; s != nullptr) event.bundle = {s->sequence, s->bundle};
  site.audit(event);
  transaction.commit();

  site.roll_forward();
}

}  // namespace patchferry::importer
