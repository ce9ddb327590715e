// SPDX-License-Identifier: Apache-2.0
// The audit log: whatever is done to it behind our back is noticed, and named.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "importer/audit.h"
#include "importer/schema.h"
#include "system/atomic_file.h"
#include "system/failure.h"
#include "system/file.h"
#include "tests/unit/small_bundle.h"

using namespace patchferry;
using namespace patchferry::importer;
using namespace patchferry::test;

namespace {

constexpr const char* kDropTriggers =
    "DROP TRIGGER audit_goes_on; DROP TRIGGER audit_stays; DROP TRIGGER audit_keeps;"
    "DROP TRIGGER audit_old_ended; DROP TRIGGER audit_old_stays; DROP TRIGGER audit_old_keeps;";

AuditEvent event_of_bundle(std::uint64_t sequence) {
  BundleId id;
  id.bytes.fill(static_cast<std::byte>(sequence));
  return {.what = "import", .bundle = AuditEvent::Bundle{sequence, id}, .detail = "1 patchset: K20260105_01"};
}

/// A database with a log of five entries, and what an attacker may do to it.
class Log {
 public:
  Log() : db(files / "patchferry.sqlite"), head(files / "audit.head") {
    db.migrate(kMigrations);
    append(db, "ann", {.what = "init", .detail = "site plant1"});
    REQUIRE(keep_head(db, head));
    append(db, "ann", event_of_bundle(1));
    append(db, "bob", {.what = "adopt", .detail = "from /srv/arch, 2 patchsets"});
    append(db, "ann", event_of_bundle(2));
    append(db, "bob", event_of_bundle(3));
  }

  /// What verify_log() says after `sql`, which is then undone.
  Result<LogState> after(const std::string& sql) {
    const Transaction undone(db);
    db.execute(kDropTriggers);
    db.execute(sql);
    return verify_log(db);
  }

  TempFolder files;
  Database db;
  std::string head;
};

void check_altered(const Result<LogState>& result, const std::string& named) {
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == RefusalKind::altered_log);
  INFO(result.error().text);
  CHECK(result.error().text.find(named) != std::string::npos);
}

void check_altered(const Result<void>& result, const std::string& named) {
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == RefusalKind::altered_log);
  INFO(result.error().text);
  CHECK(result.error().text.find(named) != std::string::npos);
}

/// Computes every hash anew, as somebody does who has read this project.
void forge_chain(Database& db) {
  std::vector<LogEntry> all;
  read_log(db, [&](const LogEntry& e) { all.push_back(e); });
  Bytes previous(32);
  for (auto& e : all) {
    e.previous = previous;
    const Digest hash = hash_of(e);
    previous.assign(hash.begin(), hash.end());
    Query(db, "UPDATE audit SET previous=?2, hash=?3 WHERE seq=?1").bind(e.number, e.previous, hash).run();
  }
}

std::string text_of(const std::string& path) { return std::string(as_text(read_whole(path, 1 << 20).value())); }

}  // namespace

TEST_CASE("an untouched audit log is good, and an empty one is") {
  Log log;
  const auto state = verify_log(log.db);
  REQUIRE(state);
  CHECK(state->entries == 5);
  CHECK(holds_hash(log.db, state->last));
  CHECK_FALSE(holds_hash(log.db, Digest{}));

  Database empty(log.files / "empty.sqlite");
  empty.migrate(kMigrations);
  const auto nothing = verify_log(empty);
  REQUIRE(nothing);
  CHECK(nothing->entries == 0);
}

TEST_CASE("the hash of an audit entry is the documented one") {
  LogEntry e;
  e.number = 1;
  e.at = 1767607200;
  e.who = "ann";
  e.what = "init";
  e.detail = "site plant1";
  e.previous = Bytes(32);
  CHECK(to_hex(hash_of(e)) == "8c1a02837d866d58b5e511cfbd022d011f48a30dd9eb8f61edd57e7f7bbf6046");
  CHECK(text_of(PATCHFERRY_SOURCE_DIR "/docs/audit.md").find(to_hex(hash_of(e))) != std::string::npos);
}

TEST_CASE("any field of any audit entry that is altered is noticed, and the entry named") {
  Log log;
  const char* const changes[] = {
      "at=at+1",
      "at=-at",
      "at=at||'x'",
      "who='eve'",
      "who=who||' '",
      "who=CAST(who AS BLOB)",
      "who=substr(who,1,1), what=substr(who,2)||what",  // the same letters, parted elsewhere
      "what='trust'",
      "what=what||detail, detail=''",
      "bundle_sequence=77, bundle=zeroblob(16)",
      "bundle_sequence=coalesce(bundle_sequence,0)+1, bundle=coalesce(bundle,x'')",
      "bundle=x'01', bundle_sequence=coalesce(bundle_sequence,1)",
      "bundle=CAST(zeroblob(16) AS TEXT), bundle_sequence=1",
      "detail=''",
      "detail=detail||char(10)",
      "detail=replace(detail,'p','q')",
      "previous=x''",
      "previous=CAST(randomblob(32) AS BLOB)",
      "previous=hash",
      "hash=x''",
      "hash=randomblob(32)",
      "hash=previous",
      "hash=CAST(hash AS TEXT)",
  };
  for (const char* change : changes)
    for (int number = 1; number <= 5; ++number) {
      INFO(change << " in entry " << number);
      check_altered(log.after(fmt::format("UPDATE audit SET {} WHERE seq={}", change, number)), fmt::format("entry {} ", number));
    }
  for (int number : {2, 4, 5}) {
    INFO(number);
    check_altered(log.after(fmt::format("UPDATE audit SET bundle_sequence=NULL, bundle=NULL WHERE seq={}", number)),
                  fmt::format("entry {} ", number));
  }
  CHECK(verify_log(log.db));  // all of it was undone
}

TEST_CASE("audit entries that are taken out, put in, exchanged or renumbered are noticed") {
  Log log;
  check_altered(log.after("DELETE FROM audit WHERE seq=1"), "entry 1 ");
  check_altered(log.after("DELETE FROM audit WHERE seq=3"), "entry 3 of the audit log is missing");
  check_altered(
      log.after("DELETE FROM audit WHERE seq=3; UPDATE audit SET seq=3 WHERE seq=4; UPDATE audit SET seq=4 WHERE seq=5"),
      "entry 3 ");
  check_altered(
      log.after("UPDATE audit SET seq=99 WHERE seq=2; UPDATE audit SET seq=2 WHERE seq=4; UPDATE audit SET seq=4 WHERE seq=99"),
      "entry 2 ");
  check_altered(
      log.after(
          "INSERT INTO audit SELECT 0, at, who, what, bundle_sequence, bundle, detail, previous, hash FROM audit WHERE seq=1"),
      "entry 0 of the audit log was put in");
  check_altered(
      log.after(
          "INSERT INTO audit SELECT 6, at, who, what, bundle_sequence, bundle, detail, previous, hash FROM audit WHERE seq=5"),
      "entry 6 ");
  check_altered(log.after("INSERT INTO audit_old VALUES(1, 1, 'eve', 'init', '')"), "audit_old");
}

TEST_CASE("an audit log whose newest entries were cut off, or whose chain was computed anew, does not fit audit.head") {
  Log log;
  const auto whole = verify_log(log.db);
  REQUIRE(whole);
  REQUIRE(keep_head(log.db, log.head));
  const std::string line = text_of(log.head);
  CHECK(line == "patchferry-audit-head-1 5 " + to_hex(whole->last) + "\n");
  CHECK(verify_head(log.db, log.head));
  {
    const Transaction undone(log.db);
    log.db.execute(kDropTriggers);
    log.db.execute("DELETE FROM audit WHERE seq>=4");
    CHECK(verify_log(log.db));  // a shorter chain is one
    check_altered(verify_head(log.db, log.head), "entry 4 of the audit log is missing");
    CHECK_FALSE(holds_hash(log.db, whole->last));
    // Later entries do not hide it, and no command overwrites the evidence.
    check_altered(keep_head(log.db, log.head), "entry 4 ");
    for (int i = 0; i < 3; ++i) append(log.db, "eve", {.what = "import", .detail = "later"});
    check_altered(keep_head(log.db, log.head), "entry 5 ");
    CHECK(text_of(log.head) == line);
  }
  {
    const Transaction undone(log.db);
    log.db.execute(kDropTriggers);
    log.db.execute("UPDATE audit SET who='eve' WHERE seq=2");
    forge_chain(log.db);
    CHECK(verify_log(log.db));
    check_altered(verify_head(log.db, log.head), "entry 5 ");
    CHECK_FALSE(holds_hash(log.db, whole->last));
  }
  CHECK(verify_head(log.db, log.head));
}

TEST_CASE("an audit log ahead of audit.head is what a crash leaves; the file is brought up") {
  Log log;
  REQUIRE(verify_head(log.db, log.head));
  CHECK(text_of(log.head).starts_with("patchferry-audit-head-1 1 "));
  REQUIRE(keep_head(log.db, log.head));
  CHECK(text_of(log.head).starts_with("patchferry-audit-head-1 5 "));
  remove_file(log.head);  // not by a crash
  check_altered(verify_head(log.db, log.head), "audit.head");
  check_altered(keep_head(log.db, log.head), "audit.head");
  CHECK_FALSE(exists(log.head));

  const TempFolder more;
  Database db(more / "patchferry.sqlite");
  db.migrate(kMigrations);
  const std::string head = more / "audit.head";
  REQUIRE(keep_head(db, head));
  CHECK_FALSE(exists(head));
  append(db, "ann", {.what = "init", .detail = "site plant1"});
  REQUIRE(verify_head(db, head));  // init may be killed before it writes the file
  REQUIRE(keep_head(db, head));
  append(db, "ann", event_of_bundle(1));
  append(db, "ann", event_of_bundle(2));
  CHECK(verify_head(db, head));
  REQUIRE(keep_head(db, head));
  CHECK(text_of(head).starts_with("patchferry-audit-head-1 3 "));
}

TEST_CASE("an audit.head that Patchferry did not write is refused, at every byte") {
  Log log;
  write_file(log.head, as_bytes("patchferry-audit-head-1 5 " + to_hex(verify_log(log.db).value().last) + "\n"));
  REQUIRE(verify_head(log.db, log.head));
  const std::string good = text_of(log.head);
  for (std::size_t i = 0; i < good.size(); ++i) {
    INFO(i);
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    write_file(log.head, as_bytes(bad));
    CHECK_FALSE(verify_head(log.db, log.head));
    write_file(log.head, as_bytes(good.substr(0, i)));
    CHECK_FALSE(verify_head(log.db, log.head));
  }
  for (const std::string& bad : {good + "x", std::string("patchferry-audit-head-1 05 ") + good.substr(26), std::string(500, 'a'),
                                 "patchferry-audit-head-1 99999999999999999999999 " + good.substr(26)}) {
    write_file(log.head, as_bytes(bad));
    const auto refused = verify_head(log.db, log.head);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == RefusalKind::altered_log);
    CHECK_FALSE(keep_head(log.db, log.head));
    CHECK(text_of(log.head) == bad);
  }
}

TEST_CASE("the database itself refuses to change what the audit log holds") {
  Log log;
  for (
      const char* sql :
      {"UPDATE audit SET who='eve' WHERE seq=2", "DELETE FROM audit", "DELETE FROM audit WHERE seq=5",
       "INSERT OR REPLACE INTO audit SELECT 2, at, 'eve', what, bundle_sequence, bundle, detail, previous, hash FROM audit WHERE seq=2",
       "INSERT INTO audit SELECT 7, at, who, what, bundle_sequence, bundle, detail, previous, hash FROM audit WHERE seq=5",
       "INSERT INTO audit_old VALUES(1, 1, 'eve', 'init', '')"}) {
    INFO(sql);
    CHECK_THROWS_AS(log.db.execute(sql), SystemFailure);
  }
  CHECK(verify_log(log.db).value().entries == 5);
}

TEST_CASE("an audit entry is there only if the change that it tells of is") {
  Log log;
  {
    const Transaction rolled_back(log.db);
    append(log.db, "ann", event_of_bundle(4));
    CHECK(verify_log(log.db).value().entries == 6);
  }
  CHECK(verify_log(log.db).value().entries == 5);
}

TEST_CASE("a name with line ends or escape sequences stays one harmless audit entry") {
  Log log;
  const std::string nasty = "ann\n9  2026-01-05  root\r\x1b[2J\xc3\xbc";
  append(log.db, nasty, {.what = "import\n", .detail = nasty + std::string("\0x", 2)});
  LogEntry last;
  read_log(log.db, [&](const LogEntry& e) { last = e; });
  CHECK(last.number == 6);
  CHECK(last.who == "ann\\x0a9  2026-01-05  root\\x0d\\x1b[2J\\xc3\\xbc");
  CHECK(last.what == "import\\x0a");
  CHECK(last.detail == last.who + "\\x00x");
  CHECK(verify_log(log.db));
}

TEST_CASE("entries from before the chain are carried over, and vouched for") {
  const TempFolder files;
  Database db(files / "patchferry.sqlite");
  db.migrate({kMigrations.front()});
  db.execute(
      "INSERT INTO audit VALUES(1, 1767600000, 'ann', 'init', 'site plant1'), (2, 1767600001, 'bob', 'import of bundle 1', '')");
  db.migrate(kMigrations);
  check_altered(verify_log(db), "audit_old");  // nobody vouches for them yet
  carry_over(db, "ann");
  carry_over(db, "ann");
  append(db, "ann", event_of_bundle(2));
  CHECK(verify_log(db).value().entries == 2);
  std::vector<LogEntry> all;
  read_log(db, [&](const LogEntry& e) { all.push_back(e); });
  CHECK(all.front().what == "carried");
  CHECK(all.front().detail.starts_with("2 entries from before the chain, SHA-256 "));
  for (const char* sql :
       {"UPDATE audit_old SET who='eve' WHERE id=1", "UPDATE audit_old SET at=at+1 WHERE id=2", "DELETE FROM audit_old",
        "DELETE FROM audit_old WHERE id=2", "UPDATE audit_old SET detail='x' WHERE id=2",
        "INSERT INTO audit_old VALUES(3, 1, 'eve', '', '')", "UPDATE audit_old SET what='i', detail='nit'||detail WHERE id=1"}) {
    INFO(sql);
    CHECK_THROWS_AS(db.execute(sql), SystemFailure);
    const Transaction undone(db);
    db.execute(kDropTriggers);
    db.execute(sql);
    check_altered(verify_log(db), "audit_old");
  }
}
