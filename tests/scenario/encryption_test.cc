// SPDX-License-Identifier: Apache-2.0
// Encrypted bundles as people meet them: anybody can check the stick, nobody but the site can read it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <thread>

#include "tests/scenario/world.h"

using namespace patchferry::test;
using nlohmann::json;

namespace {

unsigned mode_of(const std::string& path) {
  struct stat st {};
  REQUIRE(::lstat(path.c_str(), &st) == 0);
  return st.st_mode & 07777U;
}

/// What came through the lock is readable by nobody else while it waits.
void check_private(const std::string& quarantine) {
  for (const auto& folder : names_in(quarantine)) {
    CAPTURE(folder);
    CHECK(mode_of(quarantine + "/" + folder) == 0700);
    for (const auto& name : names_in(quarantine + "/" + folder)) {
      CAPTURE(name);
      CHECK(mode_of(quarantine + "/" + folder + "/" + name) == (name == "work" ? 0700 : 0600));
    }
  }
}

/// Whatever a finder could recognise, and the name that it goes by.
std::map<std::string, std::string> secrets_of(const std::string& name) {
  const std::string patch = kernel_release(name, {{1, 1}}).front().content;
  return {{"the patchset's name", name},
          {"the site's name", "plant1"},
          {"a CVE", "CVE-2026-1001"},
          {"a kernel", "scenario-amd64"},
          {"a run of a patch", patch.substr(patch.size() / 2, 24)}};
}

std::string bytes_of(const std::string& bundle) {
  std::string all;
  for (const auto& name : names_in(bundle)) all += contents(bundle + "/" + name);
  return all;
}

/// World::export_full, for the site of `base`.
std::string export_encrypted(const World& world, Words more = {}) {
  more.insert(more.begin(), {"--encrypt-to", world.at("base/site.pub")});
  return world.export_full(more);
}

Outcome try_export(const World& world, const std::string& encrypt_to) {
  return typed({"export", "--store", world.at("store"), "--to", world.at("usb"), "--site", "plant1", "--sign",
                world.at("ops.key"), "--full", "--encrypt-to", encrypt_to});
}

/// As `patchferry receipt` and a courier bring it.
void bring_receipt(const World& world) {
  REQUIRE(typed({"receipt", "--base", world.base(), "--out", world.at("plant1.receipt")}).code == 0);
}

}  // namespace

TEST_CASE("an encrypted bundle is checked by anybody with the public key, who learns nothing of what it brings") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = export_encrypted(world);
  const auto good = world.verify({bundle});
  INFO(good.err);
  CHECK(good.code == 0);
  CHECK(says(good.out, "good: bundle 1"));
  CHECK(says(good.out, "encrypted"));
  CHECK_FALSE(says(good.out, "K20260105"));
  CHECK_FALSE(says(good.out, "0 patchset"));
  const auto as_json = world.verify({bundle, "--json"});
  CHECK(as_json.code == 0);
  CHECK(json_of(as_json)["ok"] == true);
  CHECK(run({"patchferry-verify", bundle, "--trust", world.at("ops.pub")}).code == 0);

  // What an open bundle shows, this one does not.
  const std::string open = bytes_of(world.export_full());
  const std::string closed = bytes_of(bundle);
  for (const auto& [what, secret] : secrets_of("K20260105_01")) {
    INFO(what);
    CHECK(says(open, secret));
    CHECK_FALSE(says(closed, secret));
  }

  const std::string readme = contents(bundle + "/README.txt");
  CHECK(says(readme, "It is encrypted"));
  CHECK(says(readme, "please give it back"));
  CHECK_FALSE(says(readme, "Nothing in it is secret"));
  CHECK_FALSE(says(readme, "patchsets"));
  write_contents(bundle + "/README.txt", readme + "Run setup.exe first.\n");
  const auto edited = world.verify({bundle, "--json"});
  CHECK(edited.code == 1);
  CHECK(json_of(edited)["findings"][0]["kind"] == "altered-readme");
}

TEST_CASE("inspect tells what an encrypted bundle tells, with trust and without") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = export_encrypted(world);
  const auto claimed = typed({"inspect", bundle});
  CHECK(claimed.code == 0);
  CHECK(says(claimed.out, "UNVERIFIED"));
  CHECK(says(claimed.out, "encrypted, only its site can read"));
  CHECK_FALSE(says(claimed.out, "K20260105"));
  CHECK_FALSE(says(claimed.out, "volume 1 or the last one is needed"));
  const auto believed = typed({"inspect", bundle, "--trust", world.at("ops.pub")});
  CHECK(believed.code == 0);
  CHECK(says(believed.out, "The description is verified"));
  for (const Words& trust : {Words{}, Words{"--trust", world.at("ops.pub")}}) {
    Words words = {"inspect", bundle, "--json"};
    words.insert(words.end(), trust.begin(), trust.end());
    const auto document = json_of(typed(words));
    CHECK(document["encrypted"] == true);
    CHECK(document["site"].is_null());
    CHECK(document["patchsets"].empty());
    CHECK(document["verified"] == !trust.empty());
  }
  CHECK(json_of(typed({"inspect", world.export_full(), "--json"}))["encrypted"] == false);
}

TEST_CASE("its site reads an encrypted bundle: diff, import, and nothing to do the second time") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 3}});
  world.release("U20260112_01", user_release("U20260112_01", 1, 2));
  const std::string bundle = export_encrypted(world);
  const auto diff = typed({"diff", "--base", world.base(), bundle, "--json"});
  INFO(diff.err);
  CHECK(diff.code == 0);
  CHECK(says(diff.out, "K20260105_01"));
  CHECK(says(diff.out, "CVE-2026-1001"));
  const auto done = world.import({bundle});
  INFO(done.err);
  CHECK(done.code == 0);
  world.check_archives(world.base(), {"K20260105_01", "U20260112_01"});
  CHECK(names_in(world.base() + "/quarantine").empty());
  CHECK(world.import({bundle}).code == 4);

  // The same as from a bundle that was not encrypted.
  world.init(world.at("plain"));
  REQUIRE(world.import_into(world.at("plain"), {world.export_full()}).code == 0);
  CHECK(served(world.base()) == served(world.at("plain")));
}

TEST_CASE("volumes of an encrypted bundle come one by one, in any order, and wait where nobody can read them") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 700'000);
  world.release_kernels("K20260114_02", {{1, 2}, {2, 2}}, 700'000);
  const std::string bundle = export_encrypted(world, {"--volume-size", "1200kB"});
  auto volumes = volumes_of(bundle);
  REQUIRE(volumes.size() >= 3);
  CHECK(world.verify({bundle}).code == 0);
  // The middle ones first: they bring no manifest.
  std::rotate(volumes.begin(), volumes.begin() + 1, volumes.end());
  for (const auto& volume : volumes) {
    const auto done = world.import({volume});
    INFO(done.err);
    CHECK(done.code == (volume == volumes.back() ? 0 : 5));
    if (done.code != 5) break;
    CHECK(names_in(world.base() + "/quarantine").size() == 1);
    check_private(world.base() + "/quarantine");
  }
  world.check_archives(world.base(), {"K20260105_01", "K20260114_02"});
  CHECK(names_in(world.base() + "/quarantine").empty());
}

TEST_CASE("an encrypted bundle goes through a pipe") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  {
    Process source({"patchferry", "export", "--store", world.at("store"), "--to", "-", "--site", "plant1", "--sign",
                    world.at("ops.key"), "--full", "--encrypt-to", world.at("base/site.pub")},
                   {}, patchferry::open_file(world.at("stream"), O_WRONLY | O_CREAT));
    const auto sent = source.wait();
    INFO(sent.err);
    REQUIRE(sent.code == 0);
  }
  Process check({"patchferry", "verify", "-", "--trust", world.at("ops.pub")},
                patchferry::open_file(world.at("stream"), O_RDONLY));
  CHECK(check.wait().code == 0);
  Process sink({"patchferry", "import", "--base", world.base(), "-"}, patchferry::open_file(world.at("stream"), O_RDONLY));
  const auto taken = sink.wait();
  INFO(taken.err);
  CHECK(taken.code == 0);
  world.check_archives(world.base(), {"K20260105_01"});
}

TEST_CASE("another site, even of the same name, cannot read it, and says why") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = export_encrypted(world);
  const std::string twin = world.at("twin");
  world.init(twin);
  const auto before = visible(twin);
  for (const char* command : {"diff", "import"}) {
    const auto refused = typed({command, "--base", twin, bundle, "--json"});
    CHECK(refused.code == 1);
    CHECK(json_of(refused)["findings"][0]["kind"] == "wrong-key");
    CHECK(says(refused.err, "encrypted to another key than this site's"));
    CHECK_FALSE(says(refused.out, "K20260105"));
  }
  CHECK(visible(twin) == before);
  CHECK(names_in(twin + "/quarantine").empty());
}

TEST_CASE("only a site's own public key is taken to encrypt to") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const auto refused = [&](const std::string& file, int code, const std::string& part) {
    INFO(file);
    const auto done = try_export(world, file);
    INFO(done.err);
    CHECK(done.code == code);
    CHECK(says(done.err, part));
    CHECK(says(done.err, "site.pub"));
    CHECK_FALSE(patchferry::exists(world.at("usb")));
  };
  refused(world.at("ops.pub"), 1, "not a site's public key");
  refused(world.at("base/site.key"), 1, "not a site's public key");
  refused(world.at("store"), 2, "there is no key");
  refused(world.at("nowhere.pub"), 2, "there is no key");

  // A key of the right form that anybody can read with.
  const std::string own = contents(world.at("base/site.pub"));
  write_contents(world.at("weak.pub"), own.substr(0, own.size() - 65) + std::string(64, '0') + "\n");
  refused(world.at("weak.pub"), 1, "not a site's public key");
}

TEST_CASE("once a site's receipt has come, nobody slips in another key to encrypt to") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  bring_receipt(world);
  world.init(world.at("other"), "plant2");
  const auto refused = [&](const std::string& file, const Words& state) {
    INFO(file << " " << state.front());
    Words words = {"export", "--store", world.at("store"),   "--to",         world.at("usb"), "--site",
                   "plant1", "--sign",  world.at("ops.key"), "--encrypt-to", world.at(file)};
    words.insert(words.end(), state.begin(), state.end());
    const auto done = typed(words);
    INFO(done.err);
    CHECK(done.code == 1);
    CHECK((says(done.err, "not the key of site plant1") || says(done.err, "not the key that site plant1 is known by")));
    CHECK_FALSE(patchferry::exists(world.at("usb")));
  };
  // The site's receipts stay as they are signed, while what is encrypted goes to somebody else.
  const std::string own = contents(world.at("base/site.pub"));
  const std::string others = contents(world.at("other/site.pub"));
  write_contents(world.at("mixed.pub"), own.substr(0, own.size() - 65) + others.substr(others.size() - 65));

  for (const char* file : {"other/site.pub", "mixed.pub"}) refused(file, {"--receipt", world.at("plant1.receipt")});
  // A receipt that came with a wrong key is not kept; the right key is taken, and pins.
  const auto pinning =
      typed({"export", "--store", world.at("store"), "--to", world.at("usb-good"), "--site", "plant1", "--sign",
             world.at("ops.key"), "--encrypt-to", world.at("base/site.pub"), "--receipt", world.at("plant1.receipt")});
  INFO(pinning.err);
  CHECK(pinning.code == 0);
  CHECK(says(pinning.err, "is now pinned here"));
  for (const char* file : {"other/site.pub", "mixed.pub"}) refused(file, {"--full"});
}

TEST_CASE("an encrypted import killed at any moment is finished by the same command") {
  const World world;
  const std::vector<std::string> names = {"K20260105_01", "K20260114_02"};
  for (unsigned i = 0; i < names.size(); ++i) world.release_kernels(names[i], {{1, i + 1}, {2, i + 1}}, 600'000);
  const std::string bundle = export_encrypted(world, {"--volume-size", "1200kB"});
  const auto empty = served(world.base());
  copy_tree(world.base(), world.at("fresh"));
  const auto began = std::chrono::steady_clock::now();
  REQUIRE(world.import({bundle}).code == 0);
  const auto took = std::chrono::steady_clock::now() - began;
  const auto complete = served(world.base());
  constexpr int kRounds = 4;
  for (int round = 0; round < kRounds; ++round) {
    CAPTURE(round);
    const std::string base = world.at(fmt::format("base-{}", round));
    copy_tree(world.at("fresh"), base);
    Process victim({"patchferry", "import", "--base", base, bundle});
    std::this_thread::sleep_for(took * (round + 1) / (kRounds + 1));
    victim.kill();
    victim.wait();
    const auto now = served(base);
    CHECK((now == empty || now == complete));
    check_private(base + "/quarantine");
    const auto again = world.import_into(base, {bundle});
    INFO(again.err);
    CHECK((again.code == 0 || again.code == 4));
    world.check_archives(base, names);
    CHECK((served(base) == complete));
    CHECK(names_in(base + "/quarantine").empty());
  }
}
