// SPDX-License-Identifier: Apache-2.0
// check finds every byte that has changed on the disk; with --repair it puts back what can be had from what is here.
#include <boost/filesystem.hpp>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/scenario/world.h"

using namespace patchferry::test;
using patchferry::exists;
namespace fs = boost::filesystem;

namespace {

void flip(const std::string& path, std::uint64_t at, unsigned bit = 0) {
  std::string bytes = contents(path);
  bytes.at(at) = static_cast<char>(bytes[at] ^ (1 << bit));
  const auto file = patchferry::open_file(path, O_WRONLY);  // in place: links stay links
  patchferry::write_all(file, patchferry::as_bytes(bytes));
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> out;
  for (fs::recursive_directory_iterator it(folder), end; it != end; ++it)
    if (fs::symlink_status(it->path()).type() == fs::regular_file) out.push_back(it->path().string());
  return out;
}

Outcome check(const World& world, Words more = {}) {
  more.insert(more.begin(), {"check", "--base", world.base(), "--json"});
  return typed(more);
}

std::vector<std::string> paths_of(const Outcome& outcome, const char* list = "findings") {
  std::vector<std::string> out;
  const auto document = json_of(outcome);
  for (const auto& one : document.at(list)) out.push_back(one.at("path"));
  return out;
}

bool holds(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

/// Two patchsets out of a bundle, with recipes, and one deployed by itself.
void fill(const World& world) {
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 3000);
  world.release_kernels("K20260114_02", {{1, 2}}, 3000);
  REQUIRE(world.import({world.export_full()}).code == 0);
  write_archive(world.at("downloads/K20260120_01.tar.bz2"), kernel_release("K20260120_01", {{2, 2}}, 3000));
  REQUIRE(typed({"deploy", "--base", world.base(), world.at("downloads/K20260120_01.tar.bz2")}).code == 0);
  const auto good = check(world);
  INFO(good.out << good.err);
  REQUIRE(good.code == 0);
}

std::string beneath(const World& world, const std::string& path) { return path.substr(world.base().size() + 1); }

/// Flips one bit at each of `places` in each object, archive and the database, one after the other.
void flip_everywhere(const World& world, const std::function<std::vector<std::uint64_t>(std::uint64_t)>& places) {
  auto files = files_in(world.base() + "/objects");
  const auto archives = files_in(world.base() + "/arch");
  files.insert(files.end(), archives.begin(), archives.end());
  files.push_back(world.base() + "/patchferry.sqlite");
  unsigned bit = 0;
  for (const auto& file : files) {
    const std::string before = contents(file);
    for (const std::uint64_t at : places(before.size())) {
      INFO(file << " at " << at);
      flip(file, at, bit = (bit + 3) % 8);
      const auto found = check(world);
      CHECK(found.code == 1);
      CHECK(holds(paths_of(found), beneath(world, file)));
      if (file.ends_with(".sqlite")) CHECK(json_of(found).at("findings").at(0).at("kind") == "database");
      const auto back = patchferry::open_file(file, O_WRONLY);
      patchferry::write_all(back, patchferry::as_bytes(before));
    }
  }
  CHECK(check(world).code == 0);
}

}  // namespace

TEST_CASE("check finds a flipped bit in every object, in every archive, and in the database") {
  const World world;
  fill(world);
  std::mt19937 dice(1);
  flip_everywhere(world, [&](std::uint64_t size) {
    return size == 0 ? std::vector<std::uint64_t>() : std::vector<std::uint64_t>{dice() % size};
  });
  // SQLite's header, where its counters are, too.
  const std::string database = world.base() + "/patchferry.sqlite";
  for (const std::uint64_t at : {0U, 17U, 24U, 27U, 40U, 60U, 63U, 92U, 95U, 99U}) {
    INFO("header at " << at);
    flip(database, at);
    CHECK(check(world).code == 1);
    flip(database, at);
  }
  CHECK(check(world).code == 0);
}

TEST_CASE("check finds a flipped bit at many places of every object, archive and the database", "[slow]") {
  const World world;
  fill(world);
  flip_everywhere(world, [&](std::uint64_t size) {
    std::vector<std::uint64_t> out;
    for (std::uint64_t at = 0; at < size; at += size < 600 ? 1 : size / 200) out.push_back(at);
    return out;
  });
}

TEST_CASE("check finds what is missing in a tree, a feed, and beside them, and repair puts it back") {
  const World world;
  fill(world);
  const auto before = served(world.base());
  const std::string tree = world.base() + "/resources/K20260114_02/" + khash(1);
  const std::string folders = world.base() + "/feeds/main/folders/" + khash(1);
  const std::string shown = folders + "/" + names_in(folders).back();
  const auto damage_and_repair = [&](const char* kind, const std::function<void()>& damage) {
    INFO(kind);
    damage();
    const auto found = check(world);
    CHECK(found.code == 1);
    CHECK(json_of(found).at("findings").at(0).at("kind") == kind);
    const auto repaired = check(world, {"--repair"});
    INFO(repaired.out << repaired.err);
    CHECK(repaired.code == 0);
    CHECK_FALSE(json_of(repaired).at("repaired").empty());
    CHECK(check(world).code == 0);
    CHECK(served(world.base()) == before);
  };
  damage_and_repair("tree", [&] { patchferry::remove_file(tree + "/2/kpatch.bin"); });
  damage_and_repair("tree", [&] {
    patchferry::remove_file(tree + "/2/kpatch.info");
    write_contents(tree + "/2/kpatch.info", "something else");
  });
  damage_and_repair("tree", [&] { write_contents(tree + "/2/more", "what nobody has sent"); });
  damage_and_repair("tree", [&] {
    patchferry::remove_file(tree + "/latest.v1");
    write_contents(tree + "/latest.v1", "1\n");
  });
  damage_and_repair("tree", [&] { patchferry::remove_tree(world.base() + "/resources/K20260105_01"); });
  damage_and_repair("feed", [&] { flip(shown + "/latest.v1", 0); });
  damage_and_repair("feed", [&] { patchferry::remove_file(shown + "/2"); });
  damage_and_repair("feed", [&] { patchferry::remove_tree(shown); });
  damage_and_repair("site-key", [&] { flip(world.base() + "/site.pub", 40); });
}

TEST_CASE("every object that rots or is lost comes back from what is here, and trees with it") {
  const World world;
  fill(world);
  const auto before = served(world.base());
  for (const auto& object : files_in(world.base() + "/objects")) {
    for (const bool lost : {false, true}) {
      INFO(object << (lost ? " is lost" : " has rotten"));
      // A recipe: as long as the archive is whole, the patchset does without.
      if (lost && !exists(object)) continue;
      if (lost)
        patchferry::remove_file(object);
      else if (patchferry::size_of(object) > 0)
        flip(object, patchferry::size_of(object) / 2);
      else
        continue;
      const auto repaired = check(world, {"--repair"});
      INFO(repaired.out << repaired.err);
      CHECK(repaired.code == 0);
      CHECK(holds(paths_of(repaired, "repaired"), beneath(world, object)));
      CHECK(served(world.base()) == before);
      CHECK(check(world).code == 0);
    }
  }
  for (const auto& archive : files_in(world.base() + "/arch")) {
    INFO(archive);
    const std::string good = contents(archive);
    flip(archive, 100);
    const auto repaired = check(world, {"--repair"});
    // One that came by itself, or whose recipe was lost above, is nowhere else.
    if (repaired.code == 0) CHECK(contents(archive) == good);
    if (repaired.code != 0) CHECK_FALSE(exists(archive));
  }
}

TEST_CASE("what nothing here can put back is named with the bundle that brought it, and the next bundle brings it") {
  const World world;
  fill(world);
  // Both the contents and what they could be made of.
  for (const auto& object : files_in(world.base() + "/objects")) flip(object, patchferry::size_of(object) / 2);
  for (const auto& archive : files_in(world.base() + "/arch")) flip(archive, 50);
  const auto repaired = check(world, {"--repair"});
  CHECK((repaired.code == 1 || repaired.code == 5));
  CHECK(says(repaired.out, "bundle 1 brought it"));
  CHECK(says(repaired.out, "deploy"));
  const std::string bundle = world.export_more({"--receipt", world.receipt(world.base())});
  const auto imported = world.import({bundle});
  INFO(imported.err);
  CHECK(imported.code == 0);
  REQUIRE(typed({"deploy", "--base", world.base(), world.at("downloads/K20260120_01.tar.bz2")}).code == 0);
  const auto after = check(world, {"--repair"});
  INFO(after.out << after.err);
  CHECK(after.code == 0);
}

TEST_CASE("after a killed command the database's sum tells nothing, which check says, and vouches anew") {
  const World world;
  fill(world);
  const std::string sum = world.base() + "/patchferry.sqlite.sum";
  const std::string old = contents(sum);
  REQUIRE(typed({"pin", "--base", world.base(), "K20260105_01"}).code == 0);
  CHECK(contents(sum) != old);
  write_contents(sum, old);  // as if it had been killed before it wrote that
  const auto found = check(world);
  CHECK(found.code == 0);
  CHECK(says(found.err, "interrupted"));
  CHECK_FALSE(says(check(world).err, "interrupted"));
  patchferry::remove_file(sum);
  CHECK(says(check(world).err, "nobody has vouched"));
  CHECK(exists(sum));
  flip(sum, 20);
  CHECK(check(world).code == 1);
  CHECK(check(world, {"--repair"}).code == 0);
  CHECK(check(world).code == 0);
}

TEST_CASE("a database that has changed on the disk is warned of, and stays known to have, whatever commands write to it") {
  const World world;
  fill(world);
  const std::string database = world.base() + "/patchferry.sqlite";
  const auto good = contents(database);
  // In the middle of what SQLite takes for a value, if it is one.
  flip(database, good.rfind("K20260120_01") + 3, 1);
  const auto pinned = typed({"pin", "--base", world.base(), "K20260105_01"});
  CHECK(says(pinned.err, "has changed on this disk"));
  for (int i = 0; i < 2; ++i) {
    const auto found = check(world);
    CHECK(found.code == 1);
    CHECK(json_of(found).at("findings").at(0).at("kind") == "database");
    typed({"unpin", "--base", world.base(), "K20260105_01"});
  }
  write_contents(database, good);
  patchferry::remove_file(database + ".sum");
  // It lacks what was audited since, and nothing else.
  CHECK(kinds_of(check(world)) == std::vector<std::string>{"audit"});
}

TEST_CASE("check reads the audit log and trust, and asks for a base") {
  const World world;
  fill(world);
  CHECK(typed({"check", "--base", world.at("nowhere")}).code == 2);
  CHECK(check(world, {"more"}).code == 2);
  write_contents(world.base() + "/audit.head", "not what was written\n");
  const auto found = check(world);
  CHECK(found.code == 1);
  CHECK(json_of(found).at("findings").at(0).at("kind") == "audit");
}
