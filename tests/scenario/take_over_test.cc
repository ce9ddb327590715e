// SPDX-License-Identifier: Apache-2.0
// A whole ePortal taken over: its archives, and what its feeds made of them; and kc.eportal's backups.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

const std::string kAt = "2021-12-02 01:25:06,555 - eportal.patches - INFO - ";

/// eportal/arch with three archives, beside what else such a folder has.
void make_eportal(const World& world) {
  const std::string data = world.at("eportal");
  make_folder(data);
  for (const char* folder : {"/arch", "/resources", "/config"}) make_folder(data + folder);
  write_contents(data + "/patches.sqlite3", "not for us");
  for (unsigned i = 1; i <= 3; ++i) {
    const std::string name = "K2026010" + std::to_string(i) + "_01";
    write_archive(data + "/arch/" + name + ".tar.bz2", kernel_release(name, {{i, 1}}, 300));
  }
}

std::map<std::string, std::string> states(const std::string& base, const std::string& feed) {
  std::map<std::string, std::string> out;
  const auto list = json_of(typed({"list", "--base", base, "--json"}));
  for (const auto& p : list.at("patchsets")) out[p.at("name")] = p.at("feeds").at(feed);
  return out;
}

using States = std::map<std::string, std::string>;

}  // namespace

TEST_CASE("a whole ePortal is taken over with what its feeds enabled") {
  const World world;
  make_eportal(world);
  write_contents(world.at("eportal.log"), kAt + "K20260101_01 was enabled in main\n" + kAt +
                                              "K20260102_01 was disabled in main\n" + kAt + "K20251231_01 was enabled in main\n");
  write_contents(world.at("test.json"),
                 R"([{"patchset":"K20260103_01","status":"enabled"},{"patchset":"K20260101_01","status":"undeployed"}])");
  const auto done = typed({"adopt", "--base", world.base(), "--states", world.at("eportal.log"), "--states",
                           "test=" + world.at("test.json"), "--json", world.at("eportal")});
  INFO(done.err);
  REQUIRE(done.code == 0);
  const auto report = json_of(done);
  CHECK(report.at("adopted").size() == 3);
  CHECK(report.at("feeds") == Words{"test"});
  CHECK(report.at("states").size() == 4);
  CHECK(report.at("unknown") == Words{"K20251231_01"});
  CHECK(states(world.base(), "main") ==
        States{{"K20260101_01", "enabled"}, {"K20260102_01", "disabled"}, {"K20260103_01", "undeployed"}});
  CHECK(states(world.base(), "test") ==
        States{{"K20260101_01", "undeployed"}, {"K20260102_01", "undeployed"}, {"K20260103_01", "enabled"}});
  const auto main = served(world.base());
  CHECK(main.count(khash(1) + "/latest.v1") == 1);
  CHECK(main.count(khash(2) + "/latest.v1") == 0);
  CHECK(served(world.base(), "test").count(khash(3) + "/latest.v1") == 1);
  CHECK(contents(world.at("eportal/patches.sqlite3")) == "not for us");

  // Typed again with the archives known: the states are the same.
  const auto again = typed({"adopt", "--base", world.base(), "--states", world.at("eportal.log"), world.at("eportal")});
  CHECK(again.code == 0);
  CHECK(served(world.base()) == main);
}

TEST_CASE("states that cannot be read are refused before anything is adopted") {
  const World world;
  make_eportal(world);
  write_contents(world.at("bad.log"), kAt + "K20260101_01 was enabled in main\n" + kAt + "../x was enabled in main\n");
  const auto done = typed({"adopt", "--base", world.base(), "--states", world.at("bad.log"), world.at("eportal")});
  CHECK(done.code == 1);
  CHECK(says(done.err, "line 2"));
  CHECK(says(done.err, "bad.log"));
  CHECK(names_in(world.base() + "/arch").empty());
  CHECK(typed({"adopt", "--base", world.base(), "--states", "main=" + world.at("none"), world.at("eportal")}).code == 2);
  CHECK(typed({"adopt", "--base", world.base(), "--states", world.at("bad.log"), "--no-deploy", world.at("eportal")}).code == 2);
}

TEST_CASE("kc.eportal backup and restore, as habits type them") {
  const World world;
  write_contents(world.at("config.toml"), "base = \"" + world.base() + "\"\n");
  const Configured configured(world.at("config.toml"));
  world.release_kernels("K20260105_01", {{1, 1}}, 300);
  REQUIRE(world.import({world.export_full()}).code == 0);
  const auto shown = served(world.base());
  const std::string file = world.at("eportal.backup");
  REQUIRE(run({"kc.eportal", "backup", file}).code == 0);
  const auto database = run({"kc.eportal", "backup-db", world.at("downloads")});
  REQUIRE(database.code == 0);
  const std::string db = database.out.substr(0, database.out.find('\n'));
  CHECK(db.starts_with(world.at("downloads") + "/plant1-db-"));
  CHECK(exists(db));

  for (const char* option : {"--config", "--instance-id"}) {
    const auto refused = run({"kc.eportal", "restore", option, file});
    CHECK(refused.code == 2);
    CHECK(says(refused.err, "nothing has been changed"));
  }
  CHECK(run({"kc.eportal", "restore", "--db", "--data", file}).code == 2);

  REQUIRE(run({"/bin/rm", "-r", world.base()}).code == 0);
  CHECK(run({"kc.eportal", "restore", "--data", file}).code == 2);  // into what?
  REQUIRE(run({"kc.eportal", "restore", "--db", file}).code == 0);
  CHECK(served(world.base()).empty());
  const auto data = run({"kc.eportal", "restore", "--data", file});
  INFO(data.err);
  REQUIRE(data.code == 0);
  CHECK(served(world.base()) == shown);
  world.check_archives(world.base(), {"K20260105_01"});
  REQUIRE(run({"kc.eportal", "restore", db}).code == 0);  // over it
  CHECK(served(world.base()) == shown);
  REQUIRE(run({"/bin/rm", "-r", world.base()}).code == 0);
  REQUIRE(run({"kc.eportal", "restore", "--full", file}).code == 0);
  CHECK(served(world.base()) == shown);
}
