// SPDX-License-Identifier: Apache-2.0
// From a backup to a base. The passes, in order:
//
//   look        a new base or one that is there; what may not be is refused before the backup is read
//   stage       the whole backup is read and checked, and lies in BASE/.restoring, where nobody looks
//   make_site   there, a site of its own: contents in objects/ and arch/, trees laid out, feeds published
//   place       its folders and files get their names in BASE; the database last, since a base without one is none
//
// Killed before `place`, the next run begins anew; killed in it, the next run goes on.
//
// A base that is there keeps what it has: its trust/, its ledger's copy, its former database under another name. That it was put
// back is noticed as always (ledger_copy.h): nothing is imported until somebody has said how far the streams had come.
#pragma once

#include <string>
#include <vector>

#include "importer/archives_report.h"
#include "importer/keeping/backup_format.h"
#include "importer/publish.h"
#include "importer/settings.h"
#include "importer/site.h"

namespace patchferry::importer::keeping {

struct RestoreOrder {
  Settings settings;  // of the base
  std::string file;
  bool into_existing = false;
  bool database = true;  // with keys and trust; else contents alone, into a base that is there
  bool contents = true;  // if the backup has them
  Site::Wait wait = Site::Wait::yes;
};

struct RestoreReport {
  BackupList backup;
  bool went_on = false;       // an earlier run had been interrupted while things got their names
  std::uint64_t objects = 0;  // of the backup, put in place
  std::uint64_t archives = 0;
  std::string former;                     // path of the database that was there; "": none was
  std::string configuration;              // path of the configuration as it was, for people to compare; "": none
  std::vector<std::string> not_enrolled;  // files in the backup's trust/ that the base's own lacks, and goes on lacking
  bool needs_head = false;                // no import before a head token
  std::uint64_t awaited = 0;              // patchsets that feeds leave out until their contents come
  std::uint64_t archives_lacking = 0;
  std::vector<ArchiveFailure> failed;  // trees that could not be laid out of what is here
  std::vector<Published> published;    // of a base that was there
};

/// True if something that only a base has is there: a database, or what is left of one.
bool is_base(const std::string& base);

/// UsageError: no place for it. Refused: as reader and database are checked; wrong_site; conflict (another site key).
Result<RestoreReport> restore(const RestoreOrder& order);

}  // namespace patchferry::importer::keeping
