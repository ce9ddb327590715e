// SPDX-License-Identifier: Apache-2.0
// The vendor's channels, from the store to the site.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/scenario/world.h"

using namespace patchferry::test;

namespace {

void add_to(const World& world, const std::string& name, const std::string& channel, unsigned kernel) {
  const std::string file = world.at("downloads/" + name + ".tar.bz2");
  run({"/bin/mkdir", "-p", world.at("downloads")});
  write_archive(file, kernel_release(name, {{kernel, 1}}, 300));
  Words words = {"mirror", "add", "--store", world.at("store"), file};
  if (!channel.empty()) words.insert(words.end(), {"--channel", channel});
  REQUIRE(typed(words).code == 0);
}

std::map<std::string, std::string> channels_of(const Outcome& list) {
  std::map<std::string, std::string> out;
  const auto document = json_of(list);
  for (const auto& p : document.at("patchsets")) out[p.at("name")] = p.at("channel");
  return out;
}

}  // namespace

TEST_CASE("a patchset keeps the channel that it came by, all the way into the site") {
  const World world;
  add_to(world, "K20260105_01", "", 1);
  add_to(world, "K20260106_01", "test", 2);
  add_to(world, "K20260107_01", "unstable", 3);
  const std::map<std::string, std::string> wanted = {
      {"K20260105_01", "default"}, {"K20260106_01", "test"}, {"K20260107_01", "unstable"}};
  CHECK(channels_of(typed({"mirror", "list", "--store", world.at("store"), "--json"})) == wanted);
  REQUIRE(world.import({world.export_full()}).code == 0);
  CHECK(channels_of(typed({"list", "--base", world.base(), "--json"})) == wanted);
}

TEST_CASE("export --channel leaves out what is less stable, and the next export ships it") {
  const World world;
  add_to(world, "K20260105_01", "default", 1);
  add_to(world, "K20260106_01", "test", 2);
  add_to(world, "K20260107_01", "unstable", 3);
  REQUIRE(world.import({world.export_more({"--full", "--channel", "test"})}).code == 0);
  CHECK(channels_of(typed({"list", "--base", world.base(), "--json"})).count("K20260107_01") == 0);
  world.check_archives(world.base(), {"K20260105_01", "K20260106_01"});
  CHECK(world.try_export({"--receipt", world.receipt(world.base()), "--channel", "default"}).code == 4);
  REQUIRE(world.import({world.export_more({"--receipt", world.receipt(world.base())})}).code == 0);
  world.check_archives(world.base(), {"K20260105_01", "K20260106_01", "K20260107_01"});
}

TEST_CASE("what moves to another channel is shipped as it is now, and deploy says so at a site that has it") {
  const World world;
  add_to(world, "K20260105_01", "unstable", 1);
  CHECK(world.try_export({"--full", "--channel", "default"}).code == 4);
  const std::string file = world.at("downloads/K20260105_01.tar.bz2");
  const auto same = typed({"mirror", "add", "--store", world.at("store"), file});
  CHECK(same.code == 4);  // without a word, it stays where it is
  const auto moved = typed({"mirror", "add", "--store", world.at("store"), "--channel", "test", file, "--json"});
  CHECK(moved.code == 0);
  CHECK(json_of(moved).at("moved") == Words{"K20260105_01"});
  REQUIRE(world.import({world.export_more({"--full", "--channel", "test"})}).code == 0);
  const auto deployed = typed({"deploy", "--base", world.base(), "--channel", "default", file});
  INFO(deployed.err);
  CHECK(deployed.code == 0);
  CHECK(channels_of(typed({"list", "--base", world.base(), "--json"})).at("K20260105_01") == "default");
  CHECK(typed({"deploy", "--base", world.base(), "--channel", "default", file}).code == 4);
}

TEST_CASE("a channel that there is not is a slip of the pen") {
  const World world;
  add_to(world, "K20260105_01", "", 1);
  const std::string file = world.at("downloads/K20260105_01.tar.bz2");
  for (const char* word : {"stable", "Test", ""}) {
    CHECK(typed({"mirror", "add", "--store", world.at("store"), "--channel", word, file}).code == 2);
    CHECK(world.try_export({"--full", "--channel", word}).code == 2);
    CHECK(typed({"deploy", "--base", world.base(), "--channel", word, file}).code == 2);
  }
}
