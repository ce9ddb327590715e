// SPDX-License-Identifier: Apache-2.0
// arch/ is made again from recipes, after the feeds: when a person wants it, whatever interrupts it, byte for byte.
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "bundle-format/hash.h"
#include "tests/scenario/world.h"

using namespace patchferry::test;
using nlohmann::json;

namespace {

const std::vector<std::string> kNames = {"K20260105_01", "K20260114_02"};

/// Two releases that share a level.
void release_two(const World& world, std::size_t patch_bytes = 20'000) {
  world.release_kernels(kNames[0], {{1, 1}, {2, 1}}, patch_bytes);
  world.release_kernels(kNames[1], {{1, 2}, {2, 1}}, patch_bytes);
}

Outcome archives(const std::string& base, Words more = {}) {
  more.insert(more.begin(), {"archives", "--base", base});
  return typed(more);
}

json archive_of_listed(const std::string& base, std::size_t which) {
  return json_of(typed({"list", "--base", base, "--json"})).at("patchsets").at(which).at("archive");
}

std::string object_path(const std::string& base, const std::string& content) {
  const std::string hex = patchferry::to_hex(patchferry::sha256(patchferry::as_bytes(content)));
  return base + "/objects/" + hex.substr(0, 2) + "/" + hex;
}

void flip_in(const std::string& path, std::size_t at) {
  std::string bytes = contents(path);
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  patchferry::remove_file(path);  // a hard link of it is served
  write_contents(path, bytes);
}

}  // namespace

TEST_CASE("an import serves its feeds before arch/ is complete, and says so in words and in JSON") {
  const World world;
  release_two(world);
  const std::string bundle = world.export_full();
  SECTION("in words") {
    const auto done = world.import({bundle});
    INFO(done.err);
    CHECK(done.code == 0);
    CHECK(says(done.out, "feed main: generation 2 serves"));
    CHECK(says(done.err, "the feeds are published; now making 2 archives again in arch/"));
    CHECK(done.out.find("feed main") < done.out.find("2 archives made again in arch/"));
  }
  SECTION("in JSON") {
    const auto done = json_of(world.import({bundle, "--json"}));
    CHECK(done.at("published").at(0) == json({{"feed", "main"}, {"generation", 2}}));  // init makes the first
    CHECK(done.at("archives") ==
          json({{"mended", json::array()}, {"done", kNames}, {"pending", json::array()}, {"failed", json::array()}}));
  }
  world.check_archives(world.base(), kNames);
  CHECK(archives(world.base()).code == 4);
}

TEST_CASE("import --archives later serves the feeds with arch/ empty, and 'archives' makes it the vendor's byte for byte") {
  const World world;
  release_two(world);
  const auto imported = world.import({world.export_full(), "--archives", "later"});
  INFO(imported.err);
  REQUIRE(imported.code == 0);
  CHECK(says(imported.err, "2 archives not in arch/ yet: 'patchferry archives' makes them"));
  CHECK(names_in(world.base() + "/arch").empty());
  const auto feed = served(world.base());
  CHECK(feed.at(khash(1) + "/latest.v1") == "2\n");
  CHECK(feed.at(khash(1) + "/2/kpatch.bin") == noise(1002, 20'000));

  CHECK(archive_of_listed(world.base(), 0).at("present") == false);
  CHECK(archive_of_listed(world.base(), 0).at("state") == "pending");
  CHECK(says(typed({"list", "--base", world.base()}).out, "pending"));
  const auto status = status_of(world.base());
  CHECK(status.at("pending_archives") == json(kNames));
  CHECK(status.at("archives").at("pending") == 2);
  CHECK(status.at("archives").at("pending_bytes") == contents(world.at("downloads/K20260105_01.tar.bz2")).size() +
                                                         contents(world.at("downloads/K20260114_02.tar.bz2")).size());
  CHECK(says(typed({"status", "--base", world.base()}).out, "2 pending ("));

  const auto done = archives(world.base(), {"--wait", "--json"});
  INFO(done.err);
  CHECK(done.code == 0);
  CHECK(json_of(done).at("done") == json(kNames));
  world.check_archives(world.base(), kNames);
  CHECK(archive_of_listed(world.base(), 0).at("present") == true);
  CHECK(status_of(world.base()).at("pending_archives").empty());
  CHECK(served(world.base()) == feed);
  CHECK(archives(world.base()).code == 4);
  CHECK(archives(world.base(), {"--wait", "--no-wait"}).code == 2);
  CHECK(world.import({world.at("usb-store/patchferry-plant1-000001"), "--archives", "sometimes"}).code == 2);
}

TEST_CASE("import --archives never keeps recipes only, and 'archives' leaves them alone unless --all is given") {
  const World world;
  release_two(world);
  REQUIRE(world.import({world.export_full(), "--archives", "never"}).code == 0);
  CHECK(archives(world.base()).code == 4);
  CHECK(names_in(world.base() + "/arch").empty());
  CHECK(archive_of_listed(world.base(), 1).at("state") == "never");
  const auto status = status_of(world.base());
  CHECK(status.at("pending_archives").empty());
  CHECK(status.at("archives").at("never") == 2);
  CHECK(says(typed({"status", "--base", world.base()}).out, "2 kept as recipes only"));
  CHECK(archives(world.base(), {"--all"}).code == 0);
  world.check_archives(world.base(), kNames);
}

TEST_CASE("a patchset counts as present in a receipt whether or not its archive has been made again") {
  const World world;
  release_two(world);
  const std::string later = GENERATE("later", "never");
  REQUIRE(world.import({world.export_full(), "--archives", later}).code == 0);
  const auto nothing = world.try_export({"--receipt", world.receipt(world.base())});
  INFO(nothing.err);
  CHECK(nothing.code == 4);

  // The next release builds on what is here.
  world.release_kernels("K20260123_01", {{1, 3}, {2, 1}});
  REQUIRE(world.import({world.export_more({"--receipt", world.receipt(world.base())})}).code == 0);
  REQUIRE(archives(world.base(), {"--all"}).code == (later == "later" ? 4 : 0));
  world.check_archives(world.base(), {kNames[0], kNames[1], "K20260123_01"});
}

TEST_CASE("an archive that arch/ has lost or that was cut short comes back without a bundle") {
  const World world;
  release_two(world);
  REQUIRE(world.import({world.export_full()}).code == 0);
  const std::string lost = world.base() + "/arch/" + kNames[0] + ".tar.bz2";
  const std::string bytes = contents(lost);
  patchferry::remove_file(lost);
  SECTION("lost") {}
  SECTION("cut short") { write_contents(lost, bytes.substr(0, 100)); }
  CHECK(archive_of_listed(world.base(), 0).at("state") == "pending");
  CHECK(archives(world.base()).code == 0);
  world.check_archives(world.base(), kNames);
  CHECK(archives(world.base()).code == 4);
}

TEST_CASE("making archives again, killed at any moment, shows whole archives only, and the same command finishes") {
  const World world;
  std::vector<std::string> names;
  for (unsigned i = 1; i <= 4; ++i) {
    names.push_back("K2026010" + std::to_string(i) + "_01");
    world.release_kernels(names.back(), {{1, i}, {2, i}, {3, i}}, 400'000);
  }
  REQUIRE(world.import({world.export_full(), "--archives", "later"}).code == 0);
  const std::string spare = world.at("spare");
  copy_tree(world.base(), spare);
  const auto began = std::chrono::steady_clock::now();
  REQUIRE(archives(spare).code == 0);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);

  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 chance(seed);
  for (int round = 0; round < 6; ++round) {
    Process victim({"patchferry", "archives", "--base", world.base()});
    std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution<std::int64_t>(0, took.count())(chance)));
    victim.kill();
    victim.wait();
    for (const auto& file : names_in(world.base() + "/arch")) {
      INFO(file);
      CHECK((contents(world.base() + "/arch/" + file) == contents(world.at("downloads/" + file))));
    }
  }
  const auto finished = archives(world.base());
  INFO(finished.err);
  CHECK((finished.code == 0 || finished.code == 4));
  world.check_archives(world.base(), names);
  CHECK(archives(world.base()).code == 4);
}

TEST_CASE("the same import, typed again after it was interrupted between feeds and arch/, completes arch/") {
  const World world;
  release_two(world);
  const std::string bundle = world.export_full();
  REQUIRE(world.import({bundle, "--archives", "later"}).code == 0);
  CHECK(world.import({bundle}).code == 4);
  world.check_archives(world.base(), kNames);
}

TEST_CASE("archives are made again in an arch/ on another file system, and what that has no room for stays pending") {
  if (const auto reason = MemoryFileSystem::why_not(); !reason.empty()) {
    WARN("skipped: " << reason);
    return;
  }
  const World world;
  const std::string old = world.at("old");
  patchferry::make_folder(old);
  MemoryFileSystem elsewhere(old, "size=32m,nr_inodes=100");
  world.release_kernels("K20251201_01", {{1, 1}});
  write_contents(old + "/K20251201_01.tar.bz2", contents(world.at("downloads/K20251201_01.tar.bz2")));
  REQUIRE(typed({"adopt", "--base", world.base(), old}).code == 0);
  release_two(world);
  const std::string bundle = world.export_full();

  elsewhere.change("nr_inodes=2");  // its root and one archive: bytes are free, names are not
  const auto full = world.import({bundle});
  INFO(full.err);
  CHECK(full.code == 5);
  CHECK(says(full.err, "the import is done and the feeds are published, but 2 archives could not be made again in arch/"));
  CHECK(served(world.base()).at(khash(1) + "/latest.v1") == "2\n");
  world.check_archives(world.base(), {"K20251201_01"});
  CHECK(archives(world.base()).code == 3);
  elsewhere.change("nr_inodes=0");
  CHECK(archives(world.base()).code == 0);
  world.check_archives(world.base(), {"K20251201_01", kNames[0], kNames[1]});
}

TEST_CASE("a content that has changed on the disk is found by name, its archive stays away, and a full bundle mends it") {
  const World world;
  release_two(world);
  const std::string bundle = world.export_full();
  REQUIRE(world.import({bundle, "--archives", "later"}).code == 0);
  const std::string object = object_path(world.base(), noise(1002, 20'000));  // level 2 of kernel 1: of the second archive only
  flip_in(object, 100);
  const auto part = archives(world.base());
  CHECK(part.code == 5);
  CHECK(says(part.err, object + " has changed on this disk"));
  world.check_archives(world.base(), {kNames[0]});
  CHECK(archives(world.base()).code == 3);

  patchferry::remove_file(object);
  const auto gone = archives(world.base(), {"--json"});
  CHECK(gone.code == 1);
  CHECK(json_of(gone).at("failed").at(0).at("kind") == "incomplete");
  CHECK(json_of(gone).at("pending") == json({kNames[1]}));
  const auto mended = world.import({world.export_full()});
  INFO(mended.err);
  CHECK(mended.code == 0);
  world.check_archives(world.base(), kNames);
}

TEST_CASE("a base with an object missing that a bundle builds on refuses it as incomplete, and nothing changes") {
  const World world;
  release_two(world, 200'000);
  REQUIRE(world.import({world.export_full()}).code == 0);
  world.release_kernels("K20260123_01", {{1, 2}, {2, 1}, {3, 1}}, 200'000);  // one content that is new, of a third kernel
  const std::string receipt = world.receipt(world.base());
  const std::string bundle = world.export_more({"--receipt", receipt});
  for (const unsigned seed : {1001U, 1002U, 2001U}) patchferry::remove_file(object_path(world.base(), noise(seed, 200'000)));
  const auto before = visible(world.base());
  const auto refused = world.import({bundle, "--json"});
  CHECK(refused.code == 1);
  CHECK(kinds_of(refused) == std::vector<std::string>{"incomplete"});
  CHECK(says(refused.err, "--full"));
  CHECK(visible(world.base()) == before);
  CHECK(world.import({world.export_full()}).code == 0);
  world.check_archives(world.base(), {kNames[0], kNames[1], "K20260123_01"});
}

TEST_CASE("adopt keeps every regular file of an archive as an object, served or not, for later bundles to build on") {
  const World world;
  const std::string arch = world.at("arch");
  patchferry::make_folder(arch);
  auto members = kernel_release(kNames[0], {{1, 1}});
  members.push_back({kNames[0] + "/README", "nobody serves this"});
  members.push_back({kNames[0] + "/extra/large.bin", noise(7, 50'000)});
  write_archive(arch + "/" + kNames[0] + ".tar.bz2", members);
  REQUIRE(typed({"adopt", "--base", world.base(), arch}).code == 0);
  for (const auto& member : members) {
    INFO(member.path);
    CHECK(contents(object_path(world.base(), member.content)) == member.content);
  }
}
