// SPDX-License-Identifier: Apache-2.0
// patchferry doctor: each check fails when its thing is broken, and no other does.
#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "system/calendar.h"
#include "system/sqlite.h"
#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;
using nlohmann::json;

namespace {

using States = std::map<std::string, std::string>;

/// A site with one bundle, whose feeds the web server may read.
class Site {
 public:
  Site() {
    ::chmod(parent_of(world.base()).c_str(), 0755);
    world.release_kernels("K20260105_01", {{1, 2}});
    world.release("U20260112_01", user_release("U20260112_01", 1, 2026011201));
    REQUIRE(world.import({world.export_full()}).code == 0);
  }
  std::string base() const { return world.base(); }
  Outcome doctor() const { return typed({"doctor", "--base", base(), "--json"}); }
  std::string level() const { return base() + "/resources/K20260105_01/" + khash(1) + "/2"; }
  std::string shown() const { return base() + "/feeds/main/current/" + khash(1); }

  World world;
};

json check_of(const Outcome& outcome, const std::string& name) {
  const json document = json_of(outcome);
  for (const auto& check : document.at("checks"))
    if (check.at("name") == name) return check;
  FAIL("no check '" << name << "' in " << outcome.out);
  return {};
}

/// That these checks have these states, and all others are well. Space is the machine's business.
void check_states(const Outcome& outcome, States wanted) {
  bool any_error = false;
  const json document = json_of(outcome);
  for (const auto& check : document.at("checks")) {
    const std::string name = check.at("name");
    if (name == "space" || name == "inodes") continue;
    const std::string state = wanted.count(name) != 0 ? wanted.at(name) : "ok";
    INFO(check.dump());
    CHECK(check.at("state") == state);
    CHECK(check.at("hint").get<std::string>().empty() == (state == "ok"));
    any_error = any_error || state == "error";
    wanted.erase(name);
  }
  INFO((wanted.empty() ? std::string() : wanted.begin()->first) << " in " << outcome.out);
  CHECK(wanted.empty());
  if (any_error) CHECK(outcome.code == 1);
}

/// The database, without the rules that guard it.
void change_rows(const std::string& base, const std::string& sql) {
  Database db(base + "/patchferry.sqlite");
  db.execute("PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON");
  db.execute(sql);
}

}  // namespace

TEST_CASE("a healthy site has nothing but good checks, and the report says so") {
  const Site site;
  const auto done = site.doctor();
  check_states(done, {});
  const std::string report = site.world.at("report.txt");
  const auto plain = typed({"doctor", "--base", site.base(), "--out", report});
  CHECK(plain.code == done.code);
  CHECK(says(plain.out, "database"));
  CHECK(says(contents(report), "ok       database"));
  CHECK(typed({"doctor", "--base", site.world.at("nowhere")}).code == 2);
  CHECK(typed({"doctor", "more"}).code == 2);
}

TEST_CASE("doctor finds a database that contradicts itself") {
  const Site site;
  SECTION("a row about something that is not there") {
    change_rows(site.base(), "INSERT INTO first_fix VALUES('k', 'CVE-2026-9', 70, 4711)");
    check_states(site.doctor(), {{"database", "error"}});
    CHECK(says(check_of(site.doctor(), "database").at("text"), "first_fix"));
  }
  SECTION("a value that no column may have") {
    change_rows(site.base(), "UPDATE patchset SET archive_state='lost' WHERE name='U20260112_01'");
    CHECK(check_of(site.doctor(), "database").at("state") == "error");
  }
  SECTION("no database at all, but a file of its name") {
    write_contents(site.base() + "/patchferry.sqlite", std::string(8192, 'x'));
    remove_file(site.base() + "/patchferry.sqlite-wal");
    check_states(site.doctor(), {{"base", "error"}});
  }
}

TEST_CASE("doctor finds an audit log that somebody has changed") {
  const Site site;
  change_rows(site.base(), "DROP TRIGGER audit_stays; UPDATE audit SET detail='nothing' WHERE seq=2");
  check_states(site.doctor(), {{"audit", "error"}});
}

TEST_CASE("doctor finds feeds that are behind, or show nothing") {
  const Site site;
  SECTION("not what was decided last") {
    change_rows(site.base(), "UPDATE feed SET revision=revision+1");
    check_states(site.doctor(), {{"feeds", "error"}});
    REQUIRE(typed({"list", "--base", site.base()}).code == 0);
    check_states(site.doctor(), {});
  }
  SECTION("nothing") {
    remove_file(site.base() + "/feeds/main/current");
    check_states(site.doctor(), {{"feeds", "error"}});
  }
}

TEST_CASE("doctor finds links that lead nowhere, and pointers to levels that are not there") {
  const Site site;
  SECTION("a level's tree is gone") {
    remove_tree(site.level());
    const auto done = site.doctor();
    check_states(done, {{"links", "error"}, {"pointers", "error"}});
    CHECK(says(check_of(done, "links").at("text"), khash(1) + "/2"));
  }
  SECTION("a kernel's folder is gone") {
    remove_tree(site.base() + "/feeds/main/folders/" + khash(1));
    check_states(site.doctor(), {{"links", "error"}});
  }
  SECTION("a pointer is ahead") {
    ::chmod((site.shown() + "/latest.v1").c_str(), 0644);
    write_contents(site.shown() + "/latest.v1", "9\n");
    const auto done = site.doctor();
    check_states(done, {{"pointers", "error"}});
    CHECK(says(check_of(done, "pointers").at("text"), "latest.v1"));
  }
}

TEST_CASE("doctor finds what a web server's user may not read") {
  const Site site;
  const auto with_mode = [&](const std::string& path, mode_t mode, const char* state) {
    INFO(path);
    struct stat before {};
    REQUIRE(::stat(path.c_str(), &before) == 0);
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    check_states(site.doctor(), {{"access", state}});
    ::chmod(path.c_str(), before.st_mode & 07777);
    check_states(site.doctor(), {});
  };
  with_mode(parent_of(site.base()), 0700, "error");
  with_mode(site.base(), 0750, "warning");
  with_mode(site.base() + "/feeds/main", 0700, "error");
  with_mode(site.base() + "/resources/K20260105_01", 0700, "error");
  with_mode(site.level() + "/kpatch.bin", 0400, "error");
}

TEST_CASE("doctor tells archives that can be made again from those that cannot") {
  const Site site;
  remove_file(site.base() + "/arch/K20260105_01.tar.bz2");
  check_states(site.doctor(), {{"archives", "warning"}});
  CHECK(site.doctor().code == 0);
  for (const auto& name : names_in(site.base() + "/objects")) remove_tree(site.base() + "/objects/" + name);
  check_states(site.doctor(), {{"archives", "error"}});
}

TEST_CASE("doctor finds an arch/ whose file system is not mounted") {
  const Site site;
  const std::string elsewhere = site.world.at("elsewhere");
  rename_path(site.base() + "/arch", elsewhere);
  make_symlink(elsewhere, site.base() + "/arch");
  check_states(site.doctor(), {});
  rename_path(elsewhere, elsewhere + "-gone");
  check_states(site.doctor(), {{"base", "error"}});
}

TEST_CASE("doctor finds a clock that is behind") {
  const Site site;
  const AtTime before(1'000'000'000);
  check_states(site.doctor(), {{"clock", "error"}});
}

TEST_CASE("doctor finds that nothing is believed, or what is believed has gone") {
  const Site site;
  for (const auto& name : names_in(site.base() + "/trust")) remove_file(site.base() + "/trust/" + name);
  CHECK(check_of(site.doctor(), "trust").at("state") == "error");
  CHECK(site.doctor().code == 1);
}

TEST_CASE("doctor warns of a last bundle that has expired, and of silence") {
  const Site site;
  site.world.release_kernels("K20260114_02", {{2, 1}});
  REQUIRE(site.world.import({site.world.export_full({"--expires", "30"})}).code == 0);
  check_states(site.doctor(), {});
  const AtTime later(now() + 60ULL * 86400);
  check_states(site.doctor(), {{"expiry", "warning"}, {"alarm silence", "warning"}});
}

TEST_CASE("doctor tells of an import that waits for volumes, and of alarms") {
  const Site site;
  site.world.release_kernels("K20260114_02", {{2, 1}}, 3'000'000);
  const auto volumes = volumes_of(site.world.export_full({"--volume-size", "1MiB"}));
  REQUIRE(site.world.import({volumes.front()}).code == 5);
  check_states(site.doctor(), {{"quarantine", "warning"}});
  // A file that has two names there takes its room once.
  const auto bytes = [&] { return status_of(site.base()).at("quarantine").at("bytes").get<std::uint64_t>(); };
  const std::string quarantine = site.base() + "/quarantine";
  const std::string staged = quarantine + "/" + names_in(quarantine).at(0);
  const std::uint64_t once = bytes();
  CHECK(once > 0);
  for (const auto& name : names_in(staged))
    if (is_regular(staged + "/" + name)) REQUIRE(::link((staged + "/" + name).c_str(), (staged + "/again-" + name).c_str()) == 0);
  CHECK(names_in(staged).size() > 1);
  CHECK(bytes() == once);
}

TEST_CASE("doctor finds an alarm that stops imports") {
  const Site site;
  const std::string copy = site.world.at("copy");
  copy_tree(site.base(), copy);
  site.world.release_kernels("K20260114_02", {{2, 1}});
  REQUIRE(site.world.import({site.world.export_full()}).code == 0);
  // The database was put back, the ledger's second copy was not.
  for (const std::string file : {"/patchferry.sqlite", "/audit.head"}) {
    remove_file(site.base() + file);
    write_contents(site.base() + file, contents(copy + file));
  }
  for (const std::string file : {"/patchferry.sqlite-wal", "/patchferry.sqlite-shm"}) remove_file(site.base() + file);
  const auto done = site.doctor();
  CHECK(done.code == 1);
  CHECK(check_of(done, "alarm needs-head").at("state") == "error");
}

TEST_CASE("doctor measures space and inodes where the base lies") {
  if (const auto reason = MemoryFileSystem::why_not(); !reason.empty()) {
    WARN(reason);
    return;
  }
  const World world;
  ::chmod(parent_of(world.base()).c_str(), 0755);
  const std::string folder = world.at("small");
  make_folder(folder);
  MemoryFileSystem small(folder, "size=8m,nr_inodes=1000,mode=0755");
  world.init(folder + "/base");
  const auto doctor = [&] { return typed({"doctor", "--base", folder + "/base", "--json"}); };
  CHECK(check_of(doctor(), "space").at("state") == "ok");
  CHECK(check_of(doctor(), "inodes").at("state") == "ok");
  write_contents(folder + "/filling", std::string(free_bytes(folder) - 250'000, 'x'));
  CHECK(check_of(doctor(), "space").at("state") == "warning");
  CHECK(doctor().code == 0);
  write_contents(folder + "/more", std::string(free_bytes(folder) - 60'000, 'x'));
  CHECK(check_of(doctor(), "space").at("state") == "error");
  CHECK(doctor().code == 1);
  remove_file(folder + "/filling");
  struct statvfs room {};
  REQUIRE(::statvfs(folder.c_str(), &room) == 0);
  for (unsigned n = 20; n < room.f_favail; ++n) write_contents(folder + "/" + std::to_string(n), "");
  CHECK(check_of(doctor(), "inodes").at("state") == "warning");
}
