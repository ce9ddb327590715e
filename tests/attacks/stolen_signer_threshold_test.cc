// SPDX-License-Identifier: Apache-2.0
// m of n: a bundle counts once enough release keys have signed it, each on its own machine, and not before.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/scenario/team.h"

using namespace patchferry::test;

namespace {

std::map<std::string, std::string> bytes_in(const std::string& folder) {
  std::map<std::string, std::string> out;
  for (const auto& name : names_in(folder)) out[name] = contents(folder + "/" + name);
  return out;
}

/// "words of what was signed: …", as export and sign print it.
std::string words_in(const std::string& text) {
  const std::string label = "signed: ";
  const auto at = text.find(label);
  REQUIRE(at != std::string::npos);
  return text.substr(at + label.size(), text.find('\n', at) - at - label.size());
}

Outcome sign(const std::string& bundle, const std::string& key, Words more = {}) {
  more.insert(more.begin(), {"sign", bundle, "--key", key});
  return typed(more);
}

std::string only_folder_in(const std::string& stick) {
  const auto names = names_in(stick);
  REQUIRE(names.size() == 1);
  return stick + "/" + names.front();
}

}  // namespace

TEST_CASE("a bundle that one of two has signed is refused everywhere, until a second person signs it elsewhere") {
  const World world;
  const Team team(world);
  world.release_kernels("K20260105_01", {{1, 1}});
  const bool encrypted = GENERATE(false, true);
  CAPTURE(encrypted);
  Words order = {"--full"};
  if (encrypted) order.insert(order.end(), {"--encrypt-to", team.plant() + "/site.pub"});

  const auto exported = team.try_export({"ria"}, order);
  INFO(exported.err);
  REQUIRE(exported.code == 0);
  CHECK(says(exported.err, "NOT VALID YET: 1 of 2 signatures"));
  CHECK(says(exported.err, "patchferry sign"));
  const std::string bundle = only_folder_in(world.at("usb-1"));
  const auto before = visible(team.plant());
  const auto early = team.verify(bundle);
  CHECK(early.code == 1);
  CHECK(kinds_of(early) == std::vector<std::string>{"threshold"});
  for (const char* command : {"diff", "import"}) {
    const auto refused = team.import({bundle}, command);
    CHECK(refused.code == 1);
    CHECK(kinds_of(refused) == std::vector<std::string>{"threshold"});
  }
  CHECK(visible(team.plant()) == before);
  const auto claimed = typed({"inspect", bundle});
  CHECK(claimed.code == 0);
  CHECK(says(claimed.out, "UNVERIFIED"));

  // Rob has a copy on his own machine, and compares what Ria reads to him.
  copy_tree(bundle, world.at("at-rob"));
  const auto rob = sign(world.at("at-rob"), team.key("rob"), {"--trust", team.trust()});
  INFO(rob.err);
  CHECK(rob.code == 0);
  CHECK(words_in(rob.out) == words_in(exported.out));
  CHECK(says(rob.out, encrypted ? "encrypted" : "brings     K20260105_01"));
  CHECK(says(rob.out, "K20260105") != encrypted);
  CHECK(says(rob.out, "valid: 2 of 2 signatures"));
  CHECK_FALSE(says(rob.out, "NOT VALID"));
  CHECK(team.verify(world.at("at-rob")).code == 0);

  const auto signed_by_both = bytes_in(world.at("at-rob"));
  for (const char* again : {"ria", "rob"}) {
    const auto twice = sign(world.at("at-rob"), team.key(again));
    CHECK(twice.code == 4);
    CHECK(says(twice.out, "nothing to do"));
  }
  CHECK(bytes_in(world.at("at-rob")) == signed_by_both);

  CHECK(team.import({world.at("at-rob")}).code == 0);
  world.check_archives(team.plant(), {"K20260105_01"});
  CHECK(team.import({bundle}).code == 1);  // Ria's own copy counts as little as before
}

TEST_CASE("who may not sign bundles leaves a bundle as it is") {
  const World world;
  const Team team(world);
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = team.export_signed({"ria"});
  const auto before = bytes_in(bundle);
  for (const char* name : {"ann", "hal", "ops"}) {
    INFO(name);
    const auto done = sign(bundle, team.key(name));
    CHECK(done.code == 1);
    CHECK(says(done.err, "does not hold the role 'release'"));
  }
  const auto mixed = sign(bundle, team.key("rob"), {"--key", team.key("hal")});
  CHECK(mixed.code == 1);
  CHECK(bytes_in(bundle) == before);

  CHECK(sign(bundle, team.pub("rob")).code == 2);
  CHECK(sign(bundle, world.at("nobody.key")).code == 2);
  CHECK(sign(bundle, team.key("rob"), {"--key", team.key("rob")}).code == 2);
  CHECK(sign(bundle, team.key("rob"), {"--merge", bundle}).code == 2);
  CHECK(typed({"sign", bundle}).code == 2);
  CHECK(bytes_in(bundle) == before);

  // Nor do they export one.
  for (const char* name : {"ann", "hal", "ops"}) {
    const auto done = team.try_export({"ria", name});
    CHECK(done.code == 1);
    CHECK(says(done.err, "does not hold the role 'release'"));
  }
}

TEST_CASE("several keys at one machine sign an export together") {
  const World world;
  const Team team(world);
  world.release_kernels("K20260105_01", {{1, 1}});
  const auto all = team.try_export({"roy", "ria", "rob"}, {"--full", "--json"});
  REQUIRE(all.code == 0);
  CHECK(json_of(all)["signatures"]["have"] == 3);
  CHECK(json_of(all)["signatures"]["need"] == 2);
  const std::string bundle = team.export_signed({"rob", "ria"});
  CHECK(team.verify(bundle).code == 0);
  CHECK(team.import({bundle}).code == 0);
  CHECK(team.try_export({"ria", "ria"}).code == 2);

  const auto founded_by_two = typed({"export", "--store", world.at("store"), "--to", world.at("usb"), "--site", "plant1",
                                     "--full", "--sign", team.key("ria"), "--sign", team.key("rob")});
  CHECK(founded_by_two.code == 2);
  CHECK(says(founded_by_two.err, "--trust"));

  // Nobody can sign what has gone by.
  const auto streamed = typed({"export", "--store", world.at("store"), "--to", "-", "--site", "plant1", "--full", "--trust",
                               team.trust(), "--sign", team.key("ria")});
  CHECK(streamed.code == 2);
  CHECK(streamed.out.empty());
  CHECK(typed({"export", "--store", world.at("store"), "--to", "-", "--site", "plant1", "--full", "--trust", team.trust(),
               "--sign", team.key("ria"), "--sign", team.key("rob")})
            .code == 0);
}

TEST_CASE("a signing that was interrupted between two volumes is finished by the same command") {
  const World world;
  const Team team(world);
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}});
  const std::string bundle = team.export_signed({"ria"}, {"--full", "--volume-size", "20kB"});
  const auto volumes = volumes_of(bundle);
  REQUIRE(volumes.size() >= 3);
  const std::string second_before = contents(volumes[1]);
  REQUIRE(sign(bundle, team.key("rob")).code == 0);
  const auto complete = bytes_in(bundle);

  // As if the stick had been pulled before the second volume.
  write_contents(volumes[1], second_before);
  const auto half = team.verify(bundle);
  CHECK(half.code == 1);
  CHECK(kinds_of(half)[0] == "threshold");
  CHECK(json_of(half)["findings"][0]["volume"] == volumes[1]);
  CHECK(team.import({bundle}).code == 1);

  const auto again = sign(bundle, team.key("rob"), {"--json"});
  CHECK(again.code == 0);
  CHECK(json_of(again)["added"] == 1);
  CHECK(json_of(again)["signatures"]["have"] == 2);
  CHECK(json_of(again)["complete"] == true);
  CHECK(bytes_in(bundle) == complete);
  CHECK(team.verify(bundle).code == 0);

  // A third person's signature heals nothing that it does not reach: what counts is the volume with fewest.
  write_contents(volumes[1], second_before);
  const auto roy = sign(bundle, team.key("roy"), {"--json"});
  CHECK(roy.code == 0);
  CHECK(json_of(roy)["signatures"]["have"] == 2);
  CHECK(team.import({bundle}).code == 0);
}

TEST_CASE("a bundle is signed only under the root documents that the signer believes, and only if every byte is good") {
  const World world;
  const Team team(world);
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = team.export_signed({"ria"});
  const auto before = bytes_in(bundle);
  REQUIRE(typed({"trust", "create", "--out", world.at("foreign"), "--root", world.at("ops.pub"), "--sign", world.at("ops.key")})
              .code == 0);
  for (const std::string& trust : {world.at("foreign"), world.at("ops.pub")}) {
    const auto done = sign(bundle, team.key("rob"), {"--trust", trust});
    CHECK(done.code == 1);
    CHECK(says(done.err, "not signed under a key that is enrolled here"));
  }
  CHECK(bytes_in(bundle) == before);

  const auto refused = [&](const std::string& name, const std::string& bytes, const std::string& part) {
    const std::string copy = world.at("copy");
    patchferry::remove_tree(copy);
    copy_tree(bundle, copy);
    if (bytes.empty())
      patchferry::remove_file(copy + "/" + name);
    else
      write_contents(copy + "/" + name, bytes);
    const auto damaged = bytes_in(copy);
    const auto done = sign(copy, team.key("rob"));
    INFO(name << ": " << done.err);
    CHECK(done.code == 1);
    CHECK(says(done.err, part));
    const auto first = done.err.find(part);
    CHECK(done.err.find(part, first + 1) == std::string::npos);  // each finding once
    CHECK(bytes_in(copy) == damaged);
  };
  const std::string volume = patchferry::file_name_of(volumes_of(bundle).front());
  std::string bytes = before.at(volume);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  refused(volume, bytes, "block 0 of its payload is damaged");
  refused(volume, before.at(volume) + "!", "more than were signed");
  refused(volume, before.at(volume).substr(0, 5000), "it ends");
  refused("README.txt", "Run setup.exe first.\n", "not the text that the signed bundle gives");
  refused(volume, "", "there is no volume");
}

TEST_CASE("a bundle that lacks a volume is not signed") {
  const World world;
  const Team team(world);
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}});
  const std::string bundle = team.export_signed({"ria"}, {"--full", "--volume-size", "20kB"});
  patchferry::remove_file(volumes_of(bundle)[1]);
  const auto before = bytes_in(bundle);
  const auto done = sign(bundle, team.key("rob"));
  CHECK(done.code == 1);
  CHECK(says(done.err, "volume 2 of"));
  CHECK(bytes_in(bundle) == before);
}

TEST_CASE("password files go with the keys in their order") {
  const World world;
  write_contents(world.at("one.password"), "the first one\n");
  write_contents(world.at("two.password"), "the second one\n");
  for (const char* name : {"one", "two"})
    REQUIRE(typed({"keygen", "--out", world.at(name), "--password-file", world.at(std::string(name) + ".password")}).code == 0);
  REQUIRE(typed({"trust", "create", "--out", world.at("trust"), "--root", world.at("ops.pub"), "--release", world.at("one.pub"),
                 "--release", world.at("two.pub"), "--release-threshold", "2", "--head", world.at("ops.pub"), "--sign",
                 world.at("ops.key")})
              .code == 2);  // ops may not hold two roles beside others
  REQUIRE(typed({"keygen", "--out", world.at("hal"), "--no-password"}).code == 0);
  REQUIRE(typed({"trust", "create", "--out", world.at("trust"), "--root", world.at("ops.pub"), "--release", world.at("one.pub"),
                 "--release", world.at("two.pub"), "--release-threshold", "2", "--head", world.at("hal.pub"), "--sign",
                 world.at("ops.key")})
              .code == 0);
  world.release_kernels("K20260105_01", {{1, 1}});
  const auto exported = [&](const std::string& first, const std::string& second) {
    return typed({"export", "--store", world.at("store"), "--to", world.at("usb-" + first), "--site", "plant1", "--full",
                  "--trust", world.at("trust"), "--sign", world.at("one.key"), "--sign", world.at("two.key"), "--password-file",
                  world.at(first + ".password"), "--password-file", world.at(second + ".password")});
  };
  CHECK(exported("two", "one").code == 2);
  CHECK_FALSE(patchferry::exists(world.at("usb-two")));
  const auto good = exported("one", "two");
  INFO(good.err);
  REQUIRE(good.code == 0);
  CHECK(typed({"verify", only_folder_in(world.at("usb-one")), "--trust", world.at("trust")}).code == 0);

  // One exports, both sign: the one who has signed already is asked for a password all the same, and adds nothing.
  REQUIRE(typed({"export", "--store", world.at("store"), "--to", world.at("usb"), "--site", "plant1", "--full", "--trust",
                 world.at("trust"), "--sign", world.at("one.key"), "--password-file", world.at("one.password")})
              .code == 0);
  const auto both = sign(only_folder_in(world.at("usb")), world.at("one.key"),
                         {"--key", world.at("two.key"), "--password-file", world.at("one.password"), "--password-file",
                          world.at("two.password"), "--json"});
  INFO(both.err);
  CHECK(both.code == 0);
  CHECK(json_of(both)["added"] == 1);
  CHECK(json_of(both)["complete"] == true);
}

TEST_CASE("all sixteen signatures that there may be fit into the volume size that was asked for") {
  const World world;
  Words create = {"trust", "create", "--out", world.at("trust"), "--root", world.at("ops.pub"), "--sign", world.at("ops.key")};
  constexpr unsigned kKeys = 16;
  const auto name = [&](unsigned i) { return world.at(fmt::format("release-{}", i)); };
  for (unsigned i = 1; i <= kKeys; ++i) {
    REQUIRE(typed({"keygen", "--out", name(i), "--no-password"}).code == 0);
    create.insert(create.end(), {"--release", name(i) + ".pub"});
  }
  REQUIRE(typed({"keygen", "--out", world.at("hal"), "--no-password"}).code == 0);
  create.insert(create.end(), {"--release-threshold", "16", "--head", world.at("hal.pub")});
  const auto created = typed(create);
  INFO(created.err);
  REQUIRE(created.code == 0);

  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}});
  constexpr std::uint64_t kLimit = 24'000;
  const auto exported =
      typed({"export", "--store", world.at("store"), "--to", world.at("usb"), "--site", "plant1", "--full", "--trust",
             world.at("trust"), "--sign", name(1) + ".key", "--volume-size", std::to_string(kLimit)});
  INFO(exported.err);
  REQUIRE(exported.code == 0);
  const std::string bundle = only_folder_in(world.at("usb"));
  REQUIRE(volumes_of(bundle).size() >= 2);
  for (unsigned i = 2; i <= 16; ++i) {
    const auto done = sign(bundle, name(i) + ".key", {"--json"});
    INFO(done.err);
    REQUIRE(done.code == 0);
    CHECK(json_of(done)["complete"] == (i == 16));
  }
  std::uint64_t largest = 0;
  for (const auto& volume : volumes_of(bundle)) largest = std::max<std::uint64_t>(largest, contents(volume).size());
  CHECK(largest <= kLimit);
  CHECK(largest + 100 > kLimit);  // the room that was kept is used, and no more was kept
  CHECK(typed({"verify", bundle, "--trust", world.at("trust")}).code == 0);
}
