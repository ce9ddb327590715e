// SPDX-License-Identifier: Apache-2.0
// Whether what lies on disk is still what was put there: everything is read again, on all cores, and compared with the hashes
// that are known of it. Nothing is changed. Memory: what is known of one patchset a core, and of what is wrong.
//
// The database comes first, by its sum (database_sum.h), before anything opens it: against one that has changed by itself,
// nothing else could be judged.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

#include "bundle-format/hash.h"
#include "importer/database_sum.h"
#include "importer/site.h"

namespace patchferry::importer {

struct Damage {
  std::string kind;  // docs/cleaning.md lists them
  std::string path;  // relative to the base
  std::string text;
  std::string hint;
};

/// What repair.h works on. An object that has rotten, by hash: the file that has its name; none: it is not there.
struct DamagedParts {
  struct File {
    dev_t device = 0;
    ino_t inode = 0;
  };
  std::map<Digest, std::optional<File>> objects;
  std::set<std::string> archives;  // patchsets whose archive has other bytes, or is gone
  std::set<std::string> trees;     // patchsets
  std::set<std::string> feeds;
  bool public_key = false;
};

struct CheckReport {
  std::vector<Damage> damages;
  DamagedParts parts;
  std::uint64_t objects = 0, archives = 0, trees = 0;  // that were looked at
  std::uint64_t bytes = 0;                             // that were read

  void add(std::string kind, std::string path, std::string text, std::string hint);
};

/// What the database's sum says, as a damage if it is one.
void report_sum(SumState state, CheckReport& report);

/// SQLite's own view of the database; false: it is not to be relied on, and nothing else should be looked at.
bool check_database(Site& site, CheckReport& report);
/// Everything but the database. In the order of these, which is also that of the functions in check_*.cc.
void check_files(Site& site, CheckReport& report);

void check_objects(Site& site, CheckReport& report);
void check_archives(Site& site, CheckReport& report);
void check_trees(Site& site, CheckReport& report);
void check_feeds(Site& site, CheckReport& report);
/// Audit log, trust, keys.
void check_records(Site& site, CheckReport& report);

/// Who is to bring an object again that is lost: the bundle, or whoever deployed a patchset that has it. For people.
std::string who_brings(Site& site, const Digest& object);

}  // namespace patchferry::importer
