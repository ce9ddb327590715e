// SPDX-License-Identifier: Apache-2.0
// Bundles beside what a site has already, and what is no bundle: each refusal leaves what readers see exactly as it was.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "tests/scenario/refused.h"

using namespace patchferry;
using namespace patchferry::test;

TEST_CASE("what is not there is a mistake in typing, and what is no bundle is refused") {
  const World world;
  const std::string nothing = world.at("nothing");
  CHECK(world.verify({nothing}).code == 2);
  CHECK(world.import({nothing}).code == 2);
  CHECK(typed({"diff", "--base", world.base(), nothing}).code == 2);
  CHECK(typed({"import", "--base", nothing, world.at("downloads")}).code == 2);
  CHECK(typed({"list", "--base", nothing}).code == 2);
  CHECK(typed({"mirror", "list", "--store", nothing}).code == 2);
  CHECK(typed({"mirror", "add", "--store", world.at("store"), nothing}).code == 2);
  CHECK(typed({"verify", world.at("downloads"), "--trust", nothing}).code == 2);
  CHECK(typed({"import", "--base", world.base()}).code == 2);
  CHECK(typed({"import", "--base", world.base(), "--nonsense"}).code == 2);

  check_refused(world, {world.at("downloads")});  // an empty folder
  write_contents(world.at("text"), "hello\n");
  check_refused(world, {world.at("text")});
  make_folder(world.at("folder"));
  write_contents(world.at("folder/a.pfv"), std::string(100'000, 'x'));
  check_refused(world, {world.at("folder")}, "malformed");
}

TEST_CASE("what a signed bundle brings takes the place of what nobody has signed, in arch/ and in every feed") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string name = "K20260105_01";
  const std::string mine = world.at("mine");
  make_folder(mine);
  write_archive(mine + "/" + name + ".tar.bz2", kernel_release(name, {{1, 7}, {2, 1}}));
  const std::string squatter = contents(mine + "/" + name + ".tar.bz2");
  REQUIRE(typed({"adopt", "--base", world.base(), mine}).code == 0);
  REQUIRE(typed({"feed", "add", "--base", world.base(), "--like", "main", "test"}).code == 0);
  CHECK(served(world.base()).at(khash(1) + "/latest.v1") == "7\n");
  const std::string receipt = world.at("receipt");
  REQUIRE(typed({"receipt", "--base", world.base(), "--out", receipt}).code == 0);
  const auto exported = typed({"export", "--store", world.at("store"), "--to", world.at("usb"), "--site", "plant1", "--sign",
                               world.at("ops.key"), "--receipt", receipt, "--json"});
  INFO(exported.err);
  REQUIRE(exported.code == 0);
  CHECK(says(exported.err, "has other bytes for " + name));
  const std::string bundle = json_of(exported).at("path");

  const auto before = visible(world.base());
  const auto planned = world.import({bundle, "--dry-run", "--json"});
  CHECK(planned.code == 0);
  CHECK(json_of(planned).at("patchsets").at("replaced") == nlohmann::json::array({name}));
  CHECK(visible(world.base()) == before);
  const auto done = world.import({bundle});
  INFO(done.err);
  REQUIRE(done.code == 0);
  CHECK(says(done.out, "REPLACED"));
  world.check_archives(world.base(), {name});
  CHECK(served(world.base()).at(khash(1) + "/latest.v1") == "1\n");
  CHECK(served(world.base()).count(khash(1) + "/7/kpatch.bin") == 0);  // not even for those who have just read its pointer
  CHECK(served(world.base(), "test").count(khash(1) + "/7/kpatch.bin") == 0);
  CHECK(served(world.base()).count(khash(2) + "/latest.v1") == 0);
  // The trash has it, for whoever wants to know where it came from.
  const auto trash = names_in(world.base() + "/trash");
  REQUIRE(trash.size() == 1);
  CHECK(contents(world.base() + "/trash/" + trash[0] + "/" + name + "/" + name + ".tar.bz2") == squatter);
  CHECK(world.import({bundle}).code == 4);
  CHECK(typed({"check", "--base", world.base()}).code == 0);
}

TEST_CASE("killed while it replaces what nobody has signed, an import is done or not, and the same command finishes") {
  const World world;
  const std::string name = "K20260105_01";
  world.release_kernels(name, {{1, 1}});
  const std::string bundle = world.export_full();
  make_folder(world.at("mine"));
  write_archive(world.at("mine/" + name + ".tar.bz2"), kernel_release(name, {{1, 7}, {2, 1}}));
  std::mt19937 dice(7);
  for (int i = 0; i < 12; ++i) {
    INFO("round " << i);
    const std::string base = world.at("killed-" + std::to_string(i));
    world.init(base);
    REQUIRE(typed({"deploy", "--base", base, world.at("mine/" + name + ".tar.bz2")}).code == 0);
    {
      Process importing({"patchferry", "import", "--base", base, bundle});
      std::this_thread::sleep_for(std::chrono::milliseconds(5 + dice() % 60));
      importing.kill();
      importing.wait();
    }
    const auto done = world.import_into(base, {bundle});
    INFO(done.err);
    REQUIRE((done.code == 0 || done.code == 4));
    world.check_archives(base, {name});
    CHECK(served(base).at(khash(1) + "/latest.v1") == "1\n");
    CHECK(served(base).count(khash(1) + "/7/kpatch.bin") == 0);
    CHECK(typed({"check", "--base", base}).code == 0);
  }
}

TEST_CASE("what a person has kept out stays out, whatever takes its place") {
  const World world;
  const std::string name = "K20260105_01", other = "K20260106_01";
  world.release_kernels(name, {{1, 1}});
  world.release_kernels(other, {{2, 1}});
  make_folder(world.at("mine"));
  for (const auto& one : {name, other}) write_archive(world.at("mine/" + one + ".tar.bz2"), kernel_release(one, {{1, 7}}));
  REQUIRE(typed({"deploy", "--base", world.base(), world.at("mine/" + name + ".tar.bz2"), world.at("mine/" + other + ".tar.bz2")})
              .code == 0);
  REQUIRE(typed({"disable", "--base", world.base(), name}).code == 0);
  REQUIRE(typed({"undeploy-downto", "--base", world.base(), other}).code == 0);
  REQUIRE(world.import({world.export_full()}).code == 0);
  world.check_archives(world.base(), {name, other});
  CHECK(served(world.base()).count(khash(1) + "/latest.v1") == 0);
  CHECK(served(world.base()).count(khash(2) + "/latest.v1") == 0);
}

TEST_CASE("other bytes under a name for which somebody has signed are refused") {
  const World world;
  const std::string name = "K20260105_01";
  world.release_kernels(name, {{1, 1}});
  REQUIRE(world.import({world.export_full()}).code == 0);
  world.release(name, kernel_release(name, {{1, 7}}), "second-store");
  const std::string id = json_of(typed({"mirror", "list", "--store", world.at("second-store"), "--json"})).at("stream");
  world.export_full({}, "second-store");
  REQUIRE(typed({"trust", "stream", "add", "--base", world.base(), id}).code == 0);
  check_import_refuses(world, world.export_full({}, "second-store"), "conflict");
}

TEST_CASE("an unknown feed is refused and stores nothing") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = world.export_full();
  const auto before = visible(world.base());
  const auto done = world.import({bundle, "--feed", "nosuch"});
  CHECK(done.code != 0);
  CHECK(done.code <= 2);
  CHECK(done.err.find("nosuch") != std::string::npos);
  CHECK(visible(world.base()) == before);
  CHECK(json_of(typed({"list", "--base", world.base(), "--json"})).at("patchsets").empty());
  CHECK(world.import({bundle, "--feed", "main"}).code == 0);
}

TEST_CASE("a refusal that is about no volume by itself names the bundle as it was typed, in JSON too") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string first = world.export_full();
  world.release_kernels("K20260114_02", {{1, 2}});
  REQUIRE(world.import({world.export_full()}).code == 0);
  for (const Words& command : {Words{"import"}, Words{"import", "--dry-run"}, Words{"diff"}}) {
    Words words = command;
    words.insert(words.end(), {"--base", world.base(), first});
    const auto said = typed(words);
    INFO(said.err);
    CHECK(said.code == 1);
    CHECK(says(said.err, "error: " + first + ": it is bundle 1, older than"));
    CHECK_FALSE(says(said.err, "the bundle:"));
    words.emplace_back("--json");
    CHECK(json_of(typed(words)).at("findings").at(0).at("volume") == first);
  }
  // Through a pipe it has no name.
  const std::string volume = volumes_of(first).at(0);
  const auto piped = Process({"patchferry", "import", "--base", world.base(), "-"}, open_file(volume, O_RDONLY)).wait();
  CHECK(piped.code == 1);
  CHECK(says(piped.err, "the bundle: it is bundle 1"));
}
