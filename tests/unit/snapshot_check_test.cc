// SPDX-License-Identifier: Apache-2.0
// A database that somebody brings in a backup: names in it become paths, triggers in it would run.
#include "importer/keeping/snapshot_check.h"

#include <catch2/catch.hpp>
#include <fcntl.h>

#include "importer/schema.h"
#include "system/file.h"
#include "system/sqlite.h"
#include "tests/temp_folder.h"

using namespace patchferry;
using namespace patchferry::importer;

namespace {

std::string kind_after(const std::string& sql) {
  const test::TempFolder folder;
  const std::string path = folder.path() + "/db";
  {
    Database db(path);
    db.migrate(kMigrations);
    db.execute("INSERT INTO identity VALUES('site', 'plant1')");
    db.execute(
        "INSERT INTO patchset(id, name, file, release_key, sha256, bytes, expanded, arrived, unpacked) VALUES"
        "(1, 'K20260105_01', 'K20260105_01.tar.bz2', 'x', zeroblob(32), 1, 1, 1, 1)");
    db.execute(sql);
  }
  const auto done = keeping::check_snapshot(path, "plant1");
  if (!done) return name_of(done.error().kind);
  CHECK(done->count("K20260105_01.tar.bz2") == 1);
  return "taken";
}

}  // namespace

TEST_CASE("a database in a backup is taken if it is one of ours, and refused by its kind if not") {
  CHECK(kind_after("SELECT 1") == "taken");
  CHECK(kind_after("PRAGMA user_version=9999") == "unknown-format");
  CHECK(kind_after("PRAGMA user_version=0") == "malformed");
  CHECK(kind_after("UPDATE identity SET value='plant9'") == "wrong-site");
  CHECK(kind_after("INSERT INTO pending_rename VALUES(1, 'site.key', '../../etc/cron.d/x')") == "malformed");
  CHECK(kind_after("CREATE TRIGGER t AFTER INSERT ON audit BEGIN DELETE FROM feed; END") == "malformed");
  CHECK(kind_after("DROP TRIGGER audit_stays; CREATE TRIGGER audit_stays AFTER INSERT ON feed BEGIN DELETE FROM feed; END") ==
        "malformed");
  CHECK(kind_after("CREATE VIEW v AS SELECT 1") == "malformed");
  CHECK(kind_after("DROP TABLE lingering") == "malformed");
  CHECK(kind_after("INSERT INTO feed(name, auto) VALUES('../../etc', 1)") == "hostile-member");
  CHECK(kind_after("INSERT INTO feed(name, auto) VALUES('.restoring', 1)") == "hostile-member");
  CHECK(kind_after("INSERT INTO level VALUES(1, '../x', 1, x'00', '')") == "hostile-member");
  CHECK(kind_after("INSERT INTO pointer VALUES(1, 'ab', '../../latest', 0, x'00')") == "hostile-member");
  CHECK(kind_after("UPDATE patchset SET name='../x'") == "hostile-member");
  CHECK(kind_after("UPDATE patchset SET file='../K20260105_01.tar.bz2'") == "hostile-member");
  CHECK(kind_after("INSERT INTO retired VALUES(1, 'a/../../../x', 1)") == "hostile-member");
  CHECK(kind_after("INSERT INTO cleaned_folder VALUES(1, 1, 'u/../../x')") == "hostile-member");
  CHECK(kind_after("INSERT INTO lingering VALUES(1, '/etc', '1', 1, 1)") == "hostile-member");
}

TEST_CASE("bytes that are no database, or a damaged one, are refused as damaged") {
  const test::TempFolder folder;
  const std::string path = folder.path() + "/db";
  write_all(open_file(path, O_WRONLY | O_CREAT), as_bytes(std::string(5000, 'd')));
  const auto done = keeping::check_snapshot(path, "plant1");
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == RefusalKind::damaged);
}
