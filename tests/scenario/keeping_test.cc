// SPDX-License-Identifier: Apache-2.0
// Backup and restore, as a person who moves a site or has lost one does it.
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

/// A site that has had bundle 1, and whose receipt of then made bundle 2.
struct Kept {
  World world;
  std::string next;  // bundle 2, which builds on 1

  Kept() {
    world.release_kernels("K20260105_01", {{1, 1}, {2, 1}});
    world.release("U20260107_01", user_release("U20260107_01", 7, 2026010701));
    REQUIRE(world.import({world.export_full()}).code == 0);
    const std::string receipt = world.receipt(world.base());
    world.release_kernels("K20260114_02", {{1, 2}});
    next = world.export_more({"--receipt", receipt});
  }
  std::string file() const { return world.at("site.backup"); }
  void back_up(Words more = {}) const {
    Words words = {"backup", "--base", world.base(), "--to", file()};
    words.insert(words.end(), more.begin(), more.end());
    const auto done = typed(words);
    INFO(done.err);
    REQUIRE(done.code == 0);
    CHECK(says(done.err, "secret key"));
  }
  Outcome restore(const std::string& base, Words more = {}) const {
    Words words = {"restore", "--base", base, file()};
    words.insert(words.end(), more.begin(), more.end());
    return typed(words);
  }
};

bool has_broken_link(const std::string& base) {
  for (const auto& [path, bytes] : served(base))
    if (bytes == "(broken)") return true;
  return false;
}

}  // namespace

TEST_CASE("a site with contents moves to another machine, and goes on there with the bundle that was made for it") {
  const Kept kept;
  kept.back_up({"--contents"});
  struct stat st {};
  REQUIRE(::stat(kept.file().c_str(), &st) == 0);
  CHECK((st.st_mode & 0777) == 0600);
  const auto before = served(kept.world.base());
  const std::string moved = kept.world.at("new-machine");
  const auto done = kept.restore(moved, {"--json"});
  INFO(done.err);
  REQUIRE(done.code == 0);
  CHECK(json_of(done).at("awaited") == 0);
  CHECK(json_of(done).at("archives") == 2);
  CHECK(served(moved) == before);
  kept.world.check_archives(moved, {"K20260105_01", "U20260107_01"});
  CHECK(contents(moved + "/site.key") == contents(kept.world.base() + "/site.key"));
  CHECK(audited(moved, "restore").size() >= 1);
  CHECK(typed({"log", "--base", moved, "--verify"}).code == 0);
  // Both go on alike.
  REQUIRE(kept.world.import({kept.next}).code == 0);
  const auto next = kept.world.import_into(moved, {kept.next});
  INFO(next.err);
  CHECK(next.code == 0);
  CHECK(served(moved) == served(kept.world.base()));
  CHECK(names_in(moved) == names_in(kept.world.base()));
}

TEST_CASE("a site without contents shows no dead link, and gets everything back by the next bundle") {
  const Kept kept;
  kept.back_up();
  const std::string moved = kept.world.at("new-machine");
  const auto done = kept.restore(moved);
  INFO(done.err);
  REQUIRE(done.code == 0);
  CHECK(says(done.out, "receipt"));
  CHECK(says(done.out, "archives"));
  CHECK(served(moved).empty());
  const auto list = json_of(typed({"list", "--base", moved, "--json"}));
  CHECK(list.at("patchsets").size() == 2);
  CHECK(list.at("patchsets")[0].at("feeds").at("main") == "enabled");

  // Bundle 2 was made for a site that has the contents: it is refused, and not used up.
  const auto early = kept.world.import_into(moved, {kept.next, "--json"});
  CHECK(early.code == 1);
  CHECK(kinds_of(early) == std::vector<std::string>{"incomplete"});
  CHECK_FALSE(has_broken_link(moved));

  const std::string all = kept.world.export_more({"--receipt", kept.world.receipt(moved)});
  const auto next = kept.world.import_into(moved, {all});
  INFO(next.err);
  CHECK(next.code == 0);
  REQUIRE(kept.world.import({all}).code == 0);
  CHECK_FALSE(served(moved).empty());
  CHECK(served(moved) == served(kept.world.base()));
  kept.world.check_archives(moved, {"K20260105_01", "K20260114_02", "U20260107_01"});
}

TEST_CASE("archives that were copied beside a backup without contents are laid out by 'archives', before or after it") {
  const Kept kept;
  kept.back_up();
  const auto before = served(kept.world.base());
  for (const bool copied_first : {true, false}) {
    INFO(copied_first);
    const std::string moved = kept.world.at(copied_first ? "first" : "later");
    if (copied_first) make_folder(moved);
    if (copied_first) copy_tree(kept.world.base() + "/arch", moved + "/arch");
    REQUIRE(kept.restore(moved).code == 0);
    if (!copied_first) copy_tree(kept.world.base() + "/arch", moved + "/arch");
    CHECK(served(moved).empty());
    CHECK(typed({"archives", "--base", moved}).code == 0);
    CHECK(served(moved) == before);
    // What archives were made of did not come back with them, and is needed no more.
    CHECK(typed({"check", "--base", moved}).code == 0);
    CHECK(typed({"archives", "--base", moved}).code == 4);
    CHECK(kept.world.import_into(moved, {kept.next}).code == 0);
  }
}

TEST_CASE("one archive that comes back by deploy is served again, and the others are not") {
  const Kept kept;
  kept.back_up();
  const std::string moved = kept.world.at("new-machine");
  REQUIRE(kept.restore(moved).code == 0);
  const auto done = typed({"deploy", "--base", moved, kept.world.at("downloads/K20260105_01.tar.bz2")});
  INFO(done.out << done.err);
  CHECK(done.code == 0);
  const auto shown = served(moved);
  CHECK(shown.count(khash(1) + "/latest.v1") == 1);
  CHECK(shown.count("u/" + build_id(7) + "/latest") == 0);
  CHECK_FALSE(has_broken_link(moved));
}

TEST_CASE("a base that was moved as a folder serves the same and goes on") {
  const Kept kept;
  const auto before = served(kept.world.base());
  const std::string moved = kept.world.at("elsewhere");
  REQUIRE(::rename(kept.world.base().c_str(), moved.c_str()) == 0);
  CHECK(served(moved) == before);
  CHECK(kept.world.import_into(moved, {kept.next}).code == 0);
  CHECK_FALSE(has_broken_link(moved));
  CHECK(typed({"log", "--base", moved, "--verify"}).code == 0);
}

TEST_CASE("a backup put back into its own base is noticed: nothing is imported before a head token") {
  const Kept kept;
  const std::string base = kept.world.base();
  kept.back_up();
  REQUIRE(kept.world.import({kept.next}).code == 0);
  const auto shown = served(base);

  CHECK(kept.restore(base).code == 2);  // not by accident
  const auto done = kept.restore(base, {"--into-existing", "--json"});
  INFO(done.err);
  REQUIRE(done.code == 0);
  const auto report = json_of(done);
  CHECK(report.at("needs_head") == true);
  CHECK(report.at("former").get<std::string>().find("/patchferry.sqlite.before-") != std::string::npos);
  CHECK(names_in(base).size() > 0);
  CHECK(contents(report.at("former").get<std::string>()).substr(0, 15) == "SQLite format 3");
  CHECK(served(base) == shown);  // agents do not go back
  CHECK_FALSE(alarm_of(base, "needs-head").empty());
  const auto again = kept.world.import({kept.next, "--json"});
  CHECK(again.code == 1);
  CHECK(kinds_of(again) == std::vector<std::string>{"needs-head"});
  CHECK(typed({"log", "--base", base, "--verify"}).code == 0);
  CHECK(says(audited(base, "restore").back(), "its log ended with"));

  // With the token, the site goes forward again.
  const std::string alarm = alarm_of(base, "needs-head");
  const auto at = alarm.find("--challenge ") + 12;
  const std::string token = kept.world.head_token({"--challenge", alarm.substr(at, alarm.find('\'', at) - at)});
  REQUIRE(typed({"head", "take", "--base", base, "--text", token}).code == 0);
  CHECK(kept.world.import({kept.next}).code == 0);
}

TEST_CASE("a backup put back at once, with nothing in between, is no cause for doubt") {
  const Kept kept;
  kept.back_up();
  REQUIRE(kept.restore(kept.world.base(), {"--into-existing"}).code == 0);
  CHECK(alarm_of(kept.world.base(), "needs-head").empty());
  CHECK(kept.world.import({kept.next}).code == 0);
}

TEST_CASE("a database that is gone comes back, and what the disk still has is used") {
  const Kept kept;
  const std::string base = kept.world.base();
  kept.back_up();
  const auto before = served(base);
  REQUIRE(::unlink((base + "/patchferry.sqlite").c_str()) == 0);
  CHECK(typed({"status", "--base", base}).code == 2);
  const auto done = kept.restore(base, {"--into-existing"});
  INFO(done.err);
  CHECK(done.code == 0);
  CHECK(served(base) == before);
  CHECK(kept.world.import({kept.next}).code == 0);
}

TEST_CASE("a database that has changed on its disk is replaced, and the sum that knew is too") {
  const Kept kept;
  const std::string base = kept.world.base();
  kept.back_up();
  std::string bytes = contents(base + "/patchferry.sqlite");
  bytes[bytes.size() - 100] = static_cast<char>(bytes[bytes.size() - 100] ^ 1);
  write_contents(base + "/patchferry.sqlite", bytes);
  REQUIRE(typed({"check", "--base", base}).code == 1);
  typed({"list", "--base", base});  // from now on it is known to differ
  const auto done = kept.restore(base, {"--into-existing"});
  INFO(done.err);
  CHECK(done.code == 0);
  const auto checked = typed({"check", "--base", base});
  INFO(checked.out << checked.err);
  CHECK(checked.code == 0);
  CHECK(kept.world.import({kept.next}).code == 0);
}

TEST_CASE("contents that an existing base has lost come back with the backup that has them") {
  const Kept kept;
  const std::string base = kept.world.base();
  kept.back_up({"--contents"});
  const auto before = served(base);
  for (const char* folder : {"/objects", "/resources"}) {
    const auto gone = run({"/bin/rm", "-r", base + folder});
    REQUIRE(gone.code == 0);
  }
  REQUIRE(::unlink((base + "/arch/K20260105_01.tar.bz2").c_str()) == 0);
  const auto done = kept.restore(base, {"--into-existing", "--json"});
  INFO(done.err);
  REQUIRE(done.code == 0);
  CHECK(json_of(done).at("archives") == 1);
  CHECK(json_of(done).at("awaited") == 0);
  CHECK(served(base) == before);
  kept.world.check_archives(base, {"K20260105_01", "U20260107_01"});
  CHECK(kept.world.import({kept.next}).code == 0);
}

TEST_CASE("a key that was taken away since the backup is not enrolled again by putting it back") {
  const Kept kept;
  const std::string base = kept.world.base();
  REQUIRE(typed({"keygen", "--no-password", "--out", kept.world.at("second")}).code == 0);
  REQUIRE(typed({"trust", "add", "--base", base, kept.world.at("second.pub")}).code == 0);
  kept.back_up();
  const auto trusted = names_in(base + "/trust");
  const std::string second = json_of(typed({"trust", "show", kept.world.at("second.pub"), "--json"}))
                                 .at("documents")
                                 .at(0)
                                 .at("roles")
                                 .at("root")
                                 .at("keys")
                                 .at(0);
  REQUIRE(typed({"trust", "remove", "--base", base, second}).code == 0);
  const auto fewer = names_in(base + "/trust");
  REQUIRE(fewer.size() + 1 == trusted.size());
  const auto done = kept.restore(base, {"--into-existing"});
  INFO(done.err);
  REQUIRE(done.code == 0);
  CHECK(names_in(base + "/trust") == fewer);
  CHECK(says(done.out, "trust add"));
}

TEST_CASE("a backup of another site, or of one that was set up anew, is not put into a base") {
  const Kept kept;
  kept.back_up();
  const std::string other = kept.world.at("other");
  kept.world.init(other, "plant9");
  const auto before = contents(other + "/patchferry.sqlite");
  const auto foreign = kept.restore(other, {"--into-existing"});
  CHECK(foreign.code == 1);
  CHECK(says(foreign.err, "[wrong-site]"));
  const std::string anew = kept.world.at("anew");
  kept.world.init(anew);
  const auto rekeyed = kept.restore(anew, {"--into-existing"});
  CHECK(rekeyed.code == 1);
  CHECK(says(rekeyed.err, "[conflict]"));
  CHECK(contents(other + "/patchferry.sqlite") == before);
  CHECK(names_in(other) == names_in(anew));
}

TEST_CASE("the ledger's copy on another disk is older than nothing: it stays, and is made where there is none") {
  const Kept kept;
  kept.back_up();
  const std::string moved = kept.world.at("new-machine");
  write_contents(kept.world.at("config.toml"), "ledger_copy = \"" + kept.world.at("other-disk.copy") + "\"\n");
  {
    const Configured configured(kept.world.at("config.toml"));
    REQUIRE(kept.restore(moved).code == 0);
    CHECK(contents(kept.world.at("other-disk.copy")) == contents(kept.world.base() + "/ledger.copy"));
    CHECK(alarm_of(moved, "needs-head").empty());
  }
  // Where that disk knows of more, the site is in doubt.
  REQUIRE(kept.world.import({kept.next}).code == 0);
  write_contents(kept.world.at("other-disk.copy"), contents(kept.world.base() + "/ledger.copy"));
  const Configured configured(kept.world.at("config.toml"));
  const std::string third = kept.world.at("third-machine");
  const auto done = kept.restore(third, {"--json"});
  CHECK(done.code == 0);
  CHECK(json_of(done).at("needs_head") == true);
}

TEST_CASE("the configuration that was in force comes along for people to compare, and nothing reads it") {
  const Kept kept;
  write_contents(kept.world.at("config.toml"), "alarm_days = 12\n");
  {
    const Configured configured(kept.world.at("config.toml"));
    kept.back_up();
  }
  const std::string moved = kept.world.at("new-machine");
  const auto done = kept.restore(moved);
  CHECK(contents(moved + "/restored-config.toml") == "alarm_days = 12\n");
  CHECK(says(done.out, moved + "/restored-config.toml"));
}

TEST_CASE("what has rotted on the disk is left out of a backup, which says so") {
  const Kept kept;
  const std::string rotten = kept.world.base() + "/arch/K20260105_01.tar.bz2";
  std::string bytes = contents(rotten);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  REQUIRE(::unlink(rotten.c_str()) == 0);
  write_contents(rotten, bytes);
  const auto done = typed({"backup", "--base", kept.world.base(), "--to", kept.file(), "--contents", "--json"});
  CHECK(done.code == 5);
  CHECK(json_of(done).at("left_out").size() == 1);
  const std::string moved = kept.world.at("new-machine");
  CHECK(kept.restore(moved).code == 0);
  CHECK(served(moved) == served(kept.world.base()));  // its contents are good
  CHECK(typed({"archives", "--base", moved}).code == 0);
  kept.world.check_archives(moved, {"K20260105_01", "U20260107_01"});
}

TEST_CASE("a backup replaces an earlier one of the same site, and no other file") {
  const Kept kept;
  kept.back_up({"--contents"});
  kept.back_up();
  write_contents(kept.world.at("letter"), "dear all\n");
  const auto done = typed({"backup", "--base", kept.world.base(), "--to", kept.world.at("letter")});
  CHECK(done.code == 2);
  CHECK(contents(kept.world.at("letter")) == "dear all\n");
  CHECK(typed({"backup", "--base", kept.world.base(), "--to", kept.world.at("no/such/folder")}).code == 2);
  CHECK(typed({"backup", "--base", kept.world.base(), "--to", kept.world.base()}).code == 2);
  const std::string other = kept.world.at("other");
  kept.world.init(other, "plant9");
  CHECK(typed({"backup", "--base", other, "--to", kept.file()}).code == 2);
}
