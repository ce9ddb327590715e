// SPDX-License-Identifier: Apache-2.0
// Files get lost and disks rot: what is damaged is noticed before it travels, and comes back by the ordinary commands.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "system/file.h"
#include "bundle-format/hash.h"
#include "tests/scenario/world.h"

using namespace patchferry::test;

namespace {

/// A store with one release, and the parts of it that may rot.
struct StoreWorld : World {
  StoreWorld() { release_kernels("K20260105_01", {{1, 1}}); }
  std::string archive() const { return at("store/archives/K20260105_01.tar.bz2"); }
  std::string content() const {
    const std::string hash =
        patchferry::to_hex(patchferry::sha256(patchferry::as_bytes(kernel_release("K20260105_01", {{1, 1}}).front().content)));
    return at("store/objects/" + hash.substr(0, 2) + "/" + hash);
  }
  Outcome ship(Words more = {}) const {
    Words words = {"export", "--store", at("store"), "--to", at("usb"), "--site", "plant1", "--sign", at("ops.key"), "--full"};
    words.insert(words.end(), more.begin(), more.end());
    return typed(words);
  }
  void check_restored() const {
    const auto restored = typed({"mirror", "add", "--store", at("store"), at("downloads"), "--json"});
    CHECK(restored.code == 0);
    CHECK(json_of(restored)["restored"] == nlohmann::json::array({"K20260105_01"}));
  }
};

void rot(const std::string& path) {
  std::string bytes = contents(path);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  patchferry::remove_file(path);
  write_contents(path, bytes);
}

}  // namespace

TEST_CASE("an archive that the store has lost, or that has rotted there, travels all the same, and mirror add puts it back") {
  const StoreWorld world;
  SECTION("rotted") { rot(world.archive()); }
  SECTION("lost") { patchferry::remove_file(world.archive()); }
  CHECK(world.ship().code == 0);
  world.check_restored();
}

TEST_CASE("a content that has rotted in the store is not shipped, and the next export takes it out of its archive anew") {
  const StoreWorld world;
  SECTION("rotted") {
    rot(world.content());
    const auto refused = world.ship();
    CHECK(refused.code == 3);
    CHECK(says(refused.err, "export again"));
  }
  SECTION("lost") { patchferry::remove_file(world.content()); }
  const auto shipped = world.ship({"--json"});
  REQUIRE(shipped.code == 0);
  REQUIRE(world.import({json_of(shipped)["path"].get<std::string>()}).code == 0);
  world.check_archives(world.base(), {"K20260105_01"});
}

TEST_CASE("a rotten content of the store is not blamed on the next archive that holds it") {
  const StoreWorld world;
  rot(world.content());
  write_archive(world.at("downloads/K20260106_01.tar.bz2"), kernel_release("K20260106_01", {{1, 1}, {2, 1}}));
  const auto added = typed({"mirror", "add", "--store", world.at("store"), world.at("downloads"), "--json"});
  INFO(added.err);
  CHECK(added.code == 0);
  CHECK(json_of(added)["added"] == nlohmann::json::array({"K20260106_01"}));
  CHECK(json_of(added)["verbatim"].empty());
  CHECK(says(added.err, "had changed on this disk"));
  const auto shipped = world.ship({"--json"});
  REQUIRE(shipped.code == 0);
  REQUIRE(world.import({json_of(shipped)["path"].get<std::string>()}).code == 0);
  world.check_archives(world.base(), {"K20260105_01", "K20260106_01"});
}

TEST_CASE("with content and archive gone from the store nothing is signed until the vendor's archive is given again") {
  const StoreWorld world;
  patchferry::remove_file(world.content());
  SECTION("rotted") { rot(world.archive()); }
  SECTION("lost") { patchferry::remove_file(world.archive()); }
  const auto refused = world.ship();
  CHECK(refused.code == 3);
  CHECK(says(refused.err, "mirror add"));
  world.check_restored();
  CHECK(world.ship().code == 0);
}

TEST_CASE("an adopted archive that arch/ has lost is left out of the receipt, shipped again, and put back") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  world.release_kernels("K20260114_02", {{1, 2}});
  REQUIRE(typed({"adopt", "--base", world.base(), world.at("downloads")}).code == 0);  // so there is no recipe of it
  const std::string lost = world.base() + "/arch/K20260105_01.tar.bz2";
  SECTION("lost") { patchferry::remove_file(lost); }
  SECTION("cut short") {
    const std::string bytes = contents(lost);
    patchferry::remove_file(lost);
    write_contents(lost, bytes.substr(0, 100));
  }
  CHECK(typed({"archives", "--base", world.base()}).code == 4);
  REQUIRE(typed({"receipt", "--base", world.base(), "--out", world.at("r")}).code == 0);
  const auto shipped = typed({"export", "--store", world.at("store"), "--to", world.at("usb2"), "--site", "plant1", "--sign",
                              world.at("ops.key"), "--receipt", world.at("r"), "--json"});
  REQUIRE(shipped.code == 0);
  CHECK(json_of(shipped)["patchsets"] == nlohmann::json::array({"K20260105_01"}));
  REQUIRE(world.import({json_of(shipped)["path"].get<std::string>()}).code == 0);
  world.check_archives(world.base(), {"K20260105_01", "K20260114_02"});
  CHECK(served(world.base()).at(khash(1) + "/latest.v1") == "2\n");
}

TEST_CASE("a receipt replaces an earlier receipt, and nothing else") {
  const World world;
  const std::string key = contents(world.at("ops.pub"));
  CHECK(typed({"receipt", "--base", world.base(), "--out", world.at("ops.pub")}).code == 2);
  CHECK(contents(world.at("ops.pub")) == key);
  CHECK(typed({"receipt", "--base", world.base(), "--out", world.at("downloads")}).code == 2);
  CHECK(typed({"receipt", "--base", world.base(), "--out", world.at("r")}).code == 0);
  CHECK(typed({"receipt", "--base", world.base(), "--out", world.at("r")}).code == 0);
}

TEST_CASE("a dry run of an export pins no key and keeps no receipt") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  REQUIRE(typed({"receipt", "--base", world.base(), "--out", world.at("r")}).code == 0);
  const Words order = {"export", "--store", world.at("store"),  "--to", world.at("usb"), "--site",
                       "plant1", "--sign",  world.at("ops.key")};
  Words dry = order;
  dry.insert(dry.end(), {"--receipt", world.at("r"), "--dry-run"});
  CHECK(typed(dry).code == 0);
  CHECK(typed(order).code == 1);  // still nothing is known of the site
}

TEST_CASE("export refuses to sign with a key that the site's receipt does not name") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  REQUIRE(typed({"keygen", "--no-password", "--out", world.at("other")}).code == 0);
  REQUIRE(typed({"receipt", "--base", world.base(), "--out", world.at("r")}).code == 0);
  const auto refused = typed({"export", "--store", world.at("store"), "--to", world.at("usb"), "--site", "plant1", "--sign",
                              world.at("other.key"), "--receipt", world.at("r")});
  CHECK(refused.code == 1);
  CHECK(refused.err.find("does not believe the keys of ") != std::string::npos);
}

TEST_CASE("an archive refused by adopt gives way to the good one that a bundle brings, on another file system too") {
  if (const auto reason = MemoryFileSystem::why_not(); !reason.empty()) {
    WARN("skipped: " << reason);
    return;
  }
  const World world;
  const std::string old = world.at("old");
  patchferry::make_folder(old);
  const MemoryFileSystem elsewhere(old, "size=32m");
  world.release_kernels("K20260105_01", {{1, 1}});
  world.release_kernels("K20260114_02", {{1, 2}});
  const std::string cut = contents(world.at("downloads/K20260114_02.tar.bz2"));
  write_contents(old + "/K20260105_01.tar.bz2", contents(world.at("downloads/K20260105_01.tar.bz2")));
  write_contents(old + "/K20260114_02.tar.bz2", cut.substr(0, cut.size() / 2));
  CHECK(typed({"adopt", "--base", world.base(), old}).code == 5);
  REQUIRE(world.import({world.export_full()}).code == 0);
  world.check_archives(world.base(), {"K20260105_01", "K20260114_02"});
}

TEST_CASE("init makes no base in a folder that holds something else, nor where no disk is mounted") {
  const World world;
  write_contents(world.at("downloads/notes.txt"), "mine");
  const auto init = [&](const std::string& base) {
    return typed({"init", "--base", base, "--site", "x", "--trust", world.at("ops.pub")}).code;
  };
  CHECK(init(world.at("downloads")) == 2);
  CHECK(names_in(world.at("downloads")) == std::vector<std::string>{"notes.txt"});
  CHECK(init(world.at("no/such/base")) == 2);
}
