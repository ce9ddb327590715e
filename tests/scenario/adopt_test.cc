// SPDX-License-Identifier: Apache-2.0
// Taking over the archives of an existing ePortal.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/world.h"

using namespace patchferry::test;

namespace {

ino_t inode_of(const std::string& path) {
  struct stat st {};
  REQUIRE(::stat(path.c_str(), &st) == 0);
  return st.st_ino;
}

Outcome adopt(const std::string& base, const std::string& folder, const Words& more = {}) {
  Words words = {"adopt", "--base", base, folder};
  words.insert(words.end(), more.begin(), more.end());
  return typed(words);
}

const std::vector<std::string> kNames = {"K20260105_01", "K20260114_02"};

void fill(const World& world, const std::string& folder) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    write_archive(world.at("downloads/" + kNames[i] + ".tar.bz2"),
                  kernel_release(kNames[i], {{1, static_cast<unsigned>(i + 1)}}));
    if (folder != world.at("downloads"))
      write_contents(folder + "/" + kNames[i] + ".tar.bz2", contents(world.at("downloads/" + kNames[i] + ".tar.bz2")));
  }
}

}  // namespace

TEST_CASE("adopted archives are not copied") {
  const World world;
  const std::string folder = world.at("downloads");
  fill(world, folder);
  const auto done = adopt(world.base(), folder);
  INFO(done.err);
  REQUIRE(done.code == 0);
  world.check_archives(world.base(), kNames);
  for (const auto& name : kNames)
    CHECK(inode_of(world.base() + "/arch/" + name + ".tar.bz2") == inode_of(folder + "/" + name + ".tar.bz2"));
  CHECK(served(world.base()).at(khash(1) + "/latest.v1") == "2\n");
  const auto list = json_of(typed({"list", "--base", world.base(), "--json"}));
  CHECK(list.at("patchsets").size() == 2);
  CHECK(adopt(world.base(), folder).code == 4);
}

TEST_CASE("arch/ itself can be adopted in place") {
  const World world;
  fill(world, world.base() + "/arch");
  const auto inode = inode_of(world.base() + "/arch/" + kNames[0] + ".tar.bz2");
  REQUIRE(adopt(world.base(), world.base() + "/arch").code == 0);
  world.check_archives(world.base(), kNames);
  CHECK(inode_of(world.base() + "/arch/" + kNames[0] + ".tar.bz2") == inode);
  CHECK(served(world.base()).at(khash(1) + "/latest.v1") == "2\n");
}

TEST_CASE("across file systems, arch/ becomes a link and a later import lands behind it") {
  if (const auto reason = MemoryFileSystem::why_not(); !reason.empty()) {
    WARN("skipped: " << reason);
    return;
  }
  const World world;
  const std::string old = world.at("old");
  patchferry::make_folder(old);
  const MemoryFileSystem elsewhere(old, "size=32m");
  patchferry::make_folder(old + "/arch");
  fill(world, old + "/arch");
  REQUIRE(adopt(world.base(), old + "/arch").code == 0);
  CHECK(patchferry::read_symlink(world.base() + "/arch") == old + "/arch");
  world.check_archives(world.base(), kNames);
  CHECK(served(world.base()).at(khash(1) + "/latest.v1") == "2\n");

  world.release_kernels("K20260123_01", {{1, 3}});
  const auto imported = world.import({world.export_full()});
  INFO(imported.err);
  CHECK(imported.code == 0);
  world.check_archives(world.base(), {kNames[0], kNames[1], "K20260123_01"});
  CHECK(served(world.base()).at(khash(1) + "/latest.v1") == "3\n");
}

TEST_CASE(
    "an arch/ on another file system that is full leaves the import done in part, and the same command finishes it once there is room") {
  if (const auto reason = MemoryFileSystem::why_not(); !reason.empty()) {
    WARN("skipped: " << reason);
    return;
  }
  const World world;
  const std::string old = world.at("old");
  patchferry::make_folder(old);
  MemoryFileSystem elsewhere(old, "size=32m,nr_inodes=100");
  patchferry::make_folder(old + "/arch");
  fill(world, old + "/arch");
  REQUIRE(adopt(world.base(), old + "/arch").code == 0);
  world.release_kernels("K20260123_01", {{1, 3}});
  const std::string bundle = world.export_full();

  elsewhere.change("nr_inodes=4");  // its root, arch/ and two archives: bytes are free, names are not
  const auto full = world.import({bundle});
  INFO(full.err);
  CHECK(full.code == 5);
  world.check_archives(world.base(), kNames);
  elsewhere.change("nr_inodes=0");
  const auto again = world.import({bundle});
  INFO(again.err);
  CHECK((again.code == 0 || again.code == 4));
  world.check_archives(world.base(), {kNames[0], kNames[1], "K20260123_01"});
  CHECK(served(world.base()).at(khash(1) + "/latest.v1") == "3\n");
}

TEST_CASE("adopt --no-deploy unpacks nothing and enables nothing") {
  const World world;
  fill(world, world.at("downloads"));
  const auto before = served(world.base());
  REQUIRE(adopt(world.base(), world.at("downloads"), {"--no-deploy"}).code == 0);
  world.check_archives(world.base(), kNames);
  CHECK(names_in(world.base() + "/resources").empty());
  CHECK(served(world.base()) == before);
}

TEST_CASE("a receipt tells the exporter what was adopted") {
  const World world;
  fill(world, world.at("downloads"));
  REQUIRE(typed({"mirror", "add", "--store", world.at("store"), world.at("downloads")}).code == 0);
  REQUIRE(adopt(world.base(), world.at("downloads")).code == 0);
  REQUIRE(typed({"receipt", "--base", world.base(), "--out", world.at("r")}).code == 0);
  CHECK(typed({"export", "--store", world.at("store"), "--to", world.at("usb"), "--site", "plant1", "--sign", world.at("ops.key"),
               "--receipt", world.at("r")})
            .code == 4);
}

TEST_CASE("a bad archive in the folder is named, and the others are adopted") {
  const World world;
  fill(world, world.at("downloads"));
  write_contents(world.at("downloads/K20260201_01.tar.bz2"), "broken");
  const auto done = adopt(world.base(), world.at("downloads"), {"--json"});
  CHECK(done.code == 5);
  const auto report = json_of(done);
  CHECK(report.at("adopted").size() == 2);
  CHECK(report.at("refused").size() == 1);
  CHECK_FALSE(patchferry::exists(world.base() + "/arch/K20260201_01.tar.bz2"));
}
