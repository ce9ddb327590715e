// SPDX-License-Identifier: Apache-2.0
#include "importer/keeping/snapshot_check.h"

#include <algorithm>

#include "bundle-format/patchset_name.h"
#include "importer/keeping/backup_format.h"
#include "importer/schema.h"
#include "system/failure.h"
#include "system/rel_path.h"
#include "system/sqlite.h"

namespace patchferry::importer::keeping {

namespace {

tl::unexpected<Refusal> odd(const std::string& why, RefusalKind kind = RefusalKind::malformed) {
  return refuse(kind, std::string("the database in the backup ") + why);
}

/// Tables, indexes, triggers. Of triggers what they do as well; of the rest, versions of SQLite write the text differently.
std::string schema_of(Database& db) {
  std::string out;
  Query all(db, "SELECT type, name, CASE type WHEN 'trigger' THEN sql ELSE '' END FROM sqlite_schema ORDER BY 1, 2");
  while (all.step()) out += all.text(0) + " " + all.text(1) + " " + all.text(2) + "\n";
  return out;
}

/// Columns that become names of files and folders.
struct NameColumn {
  const char* table;
  const char* sql;
  bool is_path;  // else one component
};
constexpr NameColumn kNames[] = {
    {"feed", "SELECT name FROM feed", false},
    {"patchset", "SELECT name FROM patchset", false},
    {"level", "SELECT DISTINCT ident FROM level", false},
    {"pointer", "SELECT DISTINCT ident FROM pointer", false},
    {"pointer", "SELECT DISTINCT name FROM pointer", false},
    {"pointer", "SELECT DISTINCT CAST(text AS TEXT) FROM pointer WHERE is_link=1", false},
    {"lingering", "SELECT DISTINCT folder FROM lingering", true},
    {"lingering", "SELECT DISTINCT level FROM lingering", false},
    {"retired", "SELECT DISTINCT path FROM retired", true},
    {"cleaned_folder", "SELECT DISTINCT served FROM cleaned_folder", true},
};

Result<void> check_names(Database& db) {
  for (const auto& column : kNames) {
    // Of an older program it may lack the table; that it lacks none that it should have, is known.
    if (!Query(db, "SELECT 1 FROM sqlite_schema WHERE type='table' AND name=?1").bind(column.table).step()) continue;
    Query names(db, column.sql);
    while (names.step()) {
      const std::string name = names.text(0);
      const bool good = column.is_path ? RelPath::parse(name).has_value() : is_plain_name(name);
      if (!good || name.front() == '.') return odd("holds a name that is none: " + printable(name), RefusalKind::hostile_member);
    }
  }
  return {};
}

Result<KnownArchives> checked(Database& db, const std::string& site) {
  db.execute("PRAGMA trusted_schema=OFF");
  db.execute("PRAGMA cell_size_check=ON");
  std::int64_t version = 0;
  {
    Query ask(db, "PRAGMA user_version");
    if (ask.step()) version = ask.integer(0);
  }
  if (version > static_cast<std::int64_t>(kMigrations.size()))
    return refuse(RefusalKind::unknown_format, "a newer patchferry has written the database in this backup",
                  "install that version of patchferry, and restore with it");
  if (version < 1) return odd("is not one of Patchferry");
  {
    Query check(db, "PRAGMA quick_check");
    if (!check.step() || check.text(0) != "ok") return odd("is damaged", RefusalKind::damaged);
  }
  Database fresh(":memory:");
  fresh.migrate({kMigrations.begin(), kMigrations.begin() + version});
  if (schema_of(db) != schema_of(fresh)) return odd("is not laid out as Patchferry lays it out");
  {
    Query name(db, "SELECT value FROM identity WHERE key='site'");
    if (!name.step() || name.text(0) != site) return odd("is of another site than the backup says", RefusalKind::wrong_site);
  }
  if (Query(db, "SELECT 1 FROM pending_rename").step()) return odd("has work left to do, which a backup never has");
  if (const auto good = check_names(db); !good) return tl::unexpected(good.error());
  KnownArchives out;
  Query archives(db, "SELECT name, file, sha256 FROM patchset");
  while (archives.step()) {
    const auto name = parse_archive_name(archives.text(1));
    if (!name || name->patchset.text != archives.text(0))
      return odd("holds a name that is none: " + printable(archives.text(1)), RefusalKind::hostile_member);
    out[archives.text(1)] = archives.array<32>(2);
  }
  return out;
}

}  // namespace

Result<KnownArchives> check_snapshot(const std::string& path, const std::string& site) {
  try {
    Database db(path, Database::Access::read_only);
    return checked(db, site);
  } catch (const SystemFailure& failure) {
    if (failure.error() != 0) throw;  // the disk, not what lies on it
    return odd("is damaged", RefusalKind::damaged);
  }
}

}  // namespace patchferry::importer::keeping
