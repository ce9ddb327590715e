// SPDX-License-Identifier: Apache-2.0
// Files and receipts that come from elsewhere: each is refused by itself, and what lies beside it is taken.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "system/file.h"
#include "tests/scenario/world.h"

using namespace patchferry::test;

TEST_CASE("a pipe in the download folder is refused at once, and the archives beside it are taken") {
  const World world;
  write_archive(world.at("downloads/K20260105_01.tar.bz2"), kernel_release("K20260105_01", {{1, 1}}));
  REQUIRE(::mkfifo(world.at("downloads/K20260114_02.tar.bz2").c_str(), 0600) == 0);
  const auto added = typed({"mirror", "add", "--store", world.at("store"), world.at("downloads"), "--json"});
  CHECK(added.code == 5);
  CHECK(json_of(added)["refused"][0]["kind"] == "not-regular");
  patchferry::make_symlink("nowhere", world.at("downloads/K20260123_01.tar.bz2"));
  const auto adopted = typed({"adopt", "--base", world.base(), world.at("downloads"), "--json"});
  CHECK(adopted.code == 5);
  CHECK(json_of(adopted)["adopted"] == nlohmann::json::array({"K20260105_01"}));
}

TEST_CASE("one patchset in two compressions is a conflict, not a failure of the machine") {
  const World world;
  const auto members = kernel_release("K20260105_01", {{1, 1}});
  write_contents(world.at("downloads/K20260105_01.tar.bz2"), archive_of(members));
  write_contents(world.at("downloads/K20260105_01.tgz"), archive_of(members, "ustar", "gzip"));
  const auto added = typed({"mirror", "add", "--store", world.at("store"), world.at("downloads"), "--json"});
  CHECK(added.code == 5);
  CHECK(json_of(added)["refused"][0]["kind"] == "conflict");
  const auto adopted = typed({"adopt", "--base", world.base(), world.at("downloads"), "--json"});
  CHECK(adopted.code == 5);
  CHECK(json_of(adopted)["refused"][0]["kind"] == "conflict");
}

TEST_CASE("a receipt that is refused pins no key: the site's own is believed afterwards") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  REQUIRE(typed({"keygen", "--no-password", "--out", world.at("other")}).code == 0);
  world.init(world.at("rogue"), "plant1", "other");
  REQUIRE(typed({"receipt", "--base", world.at("rogue"), "--out", world.at("rogue.receipt")}).code == 0);
  REQUIRE(typed({"receipt", "--base", world.base(), "--out", world.at("r")}).code == 0);
  const auto ship = [&](const std::string& receipt) {
    return typed({"export", "--store", world.at("store"), "--to", world.at("usb"), "--site", "plant1", "--sign",
                  world.at("ops.key"), "--receipt", receipt})
        .code;
  };
  CHECK(ship(world.at("rogue.receipt")) == 1);
  CHECK(ship(world.at("r")) == 0);
}
