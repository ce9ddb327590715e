// SPDX-License-Identifier: Apache-2.0
// What a site counts as present is what an exporter may build on: a patchset that lost a content is shipped again, or mended.
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "bundle-format/hash.h"
#include "system/file.h"
#include "system/sqlite.h"
#include "tests/scenario/world.h"

using namespace patchferry::test;
using nlohmann::json;

namespace {

const std::vector<std::string> kNames = {"K20260105_01", "K20260114_02"};
constexpr std::size_t kPatch = 200'000;

std::string object_path(const std::string& base, const std::string& content) {
  const std::string hex = patchferry::to_hex(patchferry::sha256(patchferry::as_bytes(content)));
  return base + "/objects/" + hex.substr(0, 2) + "/" + hex;
}

/// A site that has two releases, all of them in arch/.
struct TwoReleases : World {
  TwoReleases() {
    release_kernels(kNames[0], {{1, 1}, {2, 1}}, kPatch);
    release_kernels(kNames[1], {{1, 2}, {2, 1}}, kPatch);
    REQUIRE(import({export_full()}).code == 0);
    check_archives(base(), kNames);
  }
  /// Of the second release only: a large one, or one so small that it is literal in the recipe.
  std::string large() const { return object_path(base(), noise(1002, kPatch)); }
  std::string small() const { return object_path(base(), "2\n"); }  // its pointer
  Outcome archives(Words more = {}) const {
    more.insert(more.begin(), {"archives", "--base", base()});
    return typed(more);
  }
  /// `archives` finds nothing to do, and the receipt names both.
  void check_whole() const {
    CHECK(archives().code == 4);
    CHECK(try_export({"--receipt", receipt(base())}).code == 4);
    check_archives(base(), kNames);
  }
};

/// One byte of the file itself, and so of every name that it has.
void rot_in_place(const std::string& path) {
  const std::string byte(1, static_cast<char>(contents(path).at(1000) ^ 1));
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  patchferry::write_all(patchferry::open_file(path, O_WRONLY), 1000, patchferry::as_bytes(byte));
}

/// The trees of all patchsets: path → kind and hash.
std::map<std::string, std::string> trees(const std::string& base) {
  auto out = visible(base);
  std::erase_if(out, [](const auto& one) { return one.first.find("resources/") == std::string::npos; });
  REQUIRE_FALSE(out.empty());
  return out;
}

std::vector<std::string> states(const std::string& base) {
  const json listed = json_of(typed({"list", "--base", base, "--json"}));
  std::vector<std::string> out;
  for (const auto& one : listed.at("patchsets")) out.push_back(one.at("archive").at("state"));
  return out;
}

json shipped_by(const Outcome& outcome) {
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  return json_of(outcome);
}

}  // namespace

TEST_CASE("a patchset that lost a content is left out of the receipt though its archive is whole, shipped again, and mended") {
  const TwoReleases world;
  const std::string object = GENERATE(true, false) ? world.large() : world.small();
  const std::string bytes = contents(object);
  patchferry::remove_file(object);
  SECTION("lost") {}
  SECTION("cut short") { write_contents(object, bytes.substr(0, bytes.size() / 2)); }
  const auto written = typed({"receipt", "--base", world.base(), "--out", world.at("r"), "--json"});
  REQUIRE(written.code == 0);
  CHECK(json_of(written).at("patchsets") == 1);
  CHECK(says(written.err, kNames[1] + " is left out"));
  CHECK(says(written.err, "'patchferry archives'"));

  // What is new builds on what the site says that it has, and nothing else.
  world.release_kernels("K20260123_01", {{1, 3}, {2, 1}}, kPatch);
  const auto shipped = shipped_by(world.try_export({"--receipt", world.at("r"), "--json"}));
  CHECK(shipped.at("patchsets") == json({kNames[1], "K20260123_01"}));
  const auto mended = world.import({shipped.at("path").get<std::string>(), "--json"});
  INFO(mended.err);
  REQUIRE(mended.code == 0);
  CHECK(json_of(mended).at("patchsets").at("restored") == json({kNames[1]}));
  CHECK(contents(object) == bytes);
  world.check_archives(world.base(), {kNames[0], kNames[1], "K20260123_01"});
  CHECK(world.archives().code == 4);
  CHECK(world.try_export({"--receipt", world.receipt(world.base())}).code == 4);
}

TEST_CASE("a full bundle brings back a content that was lost while its archive stayed") {
  const TwoReleases world;
  const std::string object = GENERATE(true, false) ? world.large() : world.small();
  const std::string bytes = contents(object);
  patchferry::remove_file(object);
  const auto mended = world.import({world.export_full(), "--archives", "later"});
  INFO(mended.err);
  REQUIRE(mended.code == 0);
  CHECK(contents(object) == bytes);
  CHECK(world.archives().code == 0);  // the archive in arch/ is compared again
  world.check_whole();
}

TEST_CASE("'archives' takes a lost content out of arch/ again without a bundle, or out of the recipe where it is literal") {
  const TwoReleases world;
  const std::string object = GENERATE(true, false) ? world.large() : world.small();
  const std::string bytes = contents(object);
  patchferry::remove_file(object);
  const auto done = world.archives({"--json"});
  INFO(done.err);
  CHECK(done.code == 0);
  CHECK(json_of(done).at("mended") == json({kNames[1]}));
  CHECK(contents(object) == bytes);
  world.check_whole();
}

TEST_CASE("'archives' does not take contents out of an archive that has changed on the disk, and the way that it names works") {
  const TwoReleases world;
  const std::string object = world.large();
  const std::string archive = world.base() + "/arch/" + kNames[1] + ".tar.bz2";
  patchferry::remove_file(object);
  std::string bytes = contents(archive);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  patchferry::remove_file(archive);
  write_contents(archive, bytes);
  const auto refused = world.archives();
  CHECK(refused.code == 1);
  CHECK(says(refused.err, archive + " has changed on this disk"));
  CHECK_FALSE(patchferry::exists(object));
  patchferry::remove_file(archive);
  const auto shipped = shipped_by(world.try_export({"--receipt", world.receipt(world.base()), "--json"}));
  CHECK(shipped.at("patchsets") == json({kNames[1]}));
  REQUIRE(world.import({shipped.at("path").get<std::string>()}).code == 0);
  world.check_whole();
}

TEST_CASE("a base from before contents were written down counts none as held until 'archives' or an import has read them") {
  const TwoReleases world;
  {
    patchferry::Database db(world.base() + "/patchferry.sqlite");
    db.execute("DELETE FROM content");
    db.execute("UPDATE patchset SET contents_known=0");
  }
  SECTION("a receipt leaves them out, and says what to do") {
    const auto written = typed({"receipt", "--base", world.base(), "--out", world.at("r"), "--json"});
    CHECK(json_of(written).at("patchsets") == 0);
    CHECK(says(written.err, "'patchferry archives'"));
    CHECK(world.archives().code == 0);
  }
  SECTION("by recipe alone, without arch/") {
    for (const auto& name : kNames) patchferry::remove_file(world.base() + "/arch/" + name + ".tar.bz2");
    CHECK(json_of(world.archives({"--json"})).at("mended") == json(kNames));
  }
  SECTION("out of arch/, where the recipes are lost") {
    {
      patchferry::Database db(world.base() + "/patchferry.sqlite");
      db.execute("UPDATE patchset SET recipe=NULL");
    }
    CHECK(json_of(world.archives({"--json"})).at("mended") == json(kNames));
  }
  SECTION("by the next import") {
    world.release_kernels("K20260123_01", {{3, 1}}, kPatch);
    REQUIRE(world.import({world.export_more({"--assume-delivered", "1"})}).code == 0);
    CHECK(world.archives().code == 4);
    CHECK(world.try_export({"--receipt", world.receipt(world.base())}).code == 4);
    return;
  }
  world.check_whole();
}

TEST_CASE("a content that rotted in place and is put back is served again, by every patchset that has it") {
  const TwoReleases world;
  const auto vendors = served(world.base());
  const auto before = trees(world.base());
  CHECK(vendors.at(khash(1) + "/2/kpatch.bin") == noise(1002, kPatch));
  const unsigned which = GENERATE(1002U, 2001U);  // of one release; of both
  const std::string object = object_path(world.base(), noise(which, kPatch));
  rot_in_place(object);
  REQUIRE(served(world.base()) != vendors);
  patchferry::remove_file(object);
  Outcome done;
  SECTION("by 'archives'") { done = world.archives(); }
  SECTION("by 'archives', after one that was killed when the new trees were in place and the content was not") {
    REQUIRE(world.archives().code == 0);
    patchferry::remove_file(object);
    done = world.archives();
  }
  SECTION("by a full bundle") { done = world.import({world.export_full()}); }
  SECTION("by a full bundle, without arch/") {
    for (const auto& name : kNames) patchferry::remove_file(world.base() + "/arch/" + name + ".tar.bz2");
    done = world.import({world.export_full()});
  }
  INFO(done.err);
  CHECK(done.code == 0);
  CHECK(contents(object) == noise(which, kPatch));
  CHECK(served(world.base()) == vendors);
  CHECK(trees(world.base()) == before);
  CHECK(names_in(world.base() + "/quarantine").empty());
  world.check_whole();
}

TEST_CASE("a tree that cannot be laid out again is named, and the bundle that brings its patchset lays it out") {
  const TwoReleases world;
  const auto before = trees(world.base());
  const std::string object = object_path(world.base(), noise(2001, kPatch));  // of both releases
  {
    patchferry::Database db(world.base() + "/patchferry.sqlite");
    db.execute("UPDATE patchset SET recipe=NULL WHERE name='" + kNames[0] + "'");
  }
  patchferry::remove_file(world.base() + "/arch/" + kNames[0] + ".tar.bz2");
  rot_in_place(object);
  patchferry::remove_file(object);
  const auto done = world.archives();
  CHECK(done.code == 5);
  CHECK(says(done.err, "cannot lay out " + world.base() + "/resources/" + kNames[0] + " again"));
  CHECK(says(done.err, "feeds serve what is there"));
  CHECK(contents(object) == noise(2001, kPatch));
  CHECK(trees(world.base()) != before);
  const auto shipped = shipped_by(world.try_export({"--receipt", world.receipt(world.base()), "--json"}));
  CHECK(shipped.at("patchsets") == json({kNames[0]}));
  REQUIRE(world.import({shipped.at("path").get<std::string>()}).code == 0);
  CHECK(trees(world.base()) == before);
  world.check_whole();
}

TEST_CASE("an archive that cannot be made because a content is not here is missing, not pending") {
  const World world;
  world.release_kernels(kNames[0], {{1, 1}}, kPatch);
  world.release_kernels(kNames[1], {{1, 2}}, kPatch);
  const std::string mode = GENERATE("later", "never");
  REQUIRE(world.import({world.export_full(), "--archives", mode}).code == 0);
  const std::string word = mode == "later" ? "pending" : "never";
  CHECK(states(world.base()) == std::vector<std::string>{word, word});
  patchferry::remove_file(object_path(world.base(), noise(1002, kPatch)));
  const std::vector<std::string> after = {word, "missing"};
  CHECK(states(world.base()) == after);
  const auto status = status_of(world.base()).at("archives");
  CHECK(status.at("missing") == 1);
  CHECK(status.at(word) == 1);
  CHECK(typed({"archives", "--base", world.base(), "--all"}).code == 5);
  CHECK(states(world.base()) == std::vector<std::string>{"present", "missing"});
}

TEST_CASE("'archives' names those that are kept as recipes only, and the option that makes them") {
  const World world;
  world.release_kernels(kNames[0], {{1, 1}}, kPatch);
  REQUIRE(world.import({world.export_full(), "--archives", "never"}).code == 0);
  const auto nothing = typed({"archives", "--base", world.base()});
  CHECK(nothing.code == 4);
  CHECK(says(nothing.err, "1 patchset kept as recipes only; --all makes their archives"));
  CHECK(typed({"archives", "--base", world.base(), "--all"}).code == 0);
  world.check_archives(world.base(), {kNames[0]});
}
