// SPDX-License-Identifier: Apache-2.0
// Cleaning as people do it: what goes and why, the two steps with receipts, the trash, a full disk, a pulled plug.
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "tests/scenario/world.h"

using namespace patchferry::test;
using patchferry::exists;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kBegin = 1'780'000'000;
constexpr std::uint64_t kDay = 86'400;

/// Keeps nothing but what it must.
class NothingRetained {
 public:
  explicit NothingRetained(const World& world, const std::string& trash_days = "7")
      : path_((write_contents(world.at("config.toml"), "[clean]\nkeep = 1\nkeep_days = 0\ntrash_days = " + trash_days + "\n"),
               world.at("config.toml"))),
        configured_(path_) {}

 private:
  std::string path_;
  Configured configured_;
};

std::string name_of(unsigned release) { return fmt::format("K202601{:02}_01", release); }

/// Releases 1 to `last` of two kernels, each a level up; deployed one after the other, a day between.
void deploy_releases(const World& world, unsigned last, std::size_t patch_bytes = 20'000) {
  for (unsigned i = 1; i <= last; ++i) {
    const AtTime time(kBegin + i * kDay);
    const std::string archive = world.at("downloads/" + name_of(i) + ".tar.bz2");
    write_archive(archive, kernel_release(name_of(i), {{1, i}, {2, i}}, patch_bytes));
    const auto done = typed({"deploy", "--base", world.base(), archive});
    INFO(done.err);
    REQUIRE(done.code == 0);
  }
}

Outcome clean(const World& world, Words more = {}) {
  more.insert(more.begin(), {"clean", "--base", world.base()});
  return typed(more);
}

std::vector<std::string> names(const nlohmann::json& items) {
  std::vector<std::string> out;
  for (const auto& one : items) out.push_back(one.at("name"));
  return out;
}

std::vector<std::string> present(const std::string& base) {
  const auto list = json_of(typed({"list", "--base", base, "--json"}));
  return names(list.at("patchsets"));
}

using Names = std::vector<std::string>;

void check_nothing_broken(const std::string& base) {
  for (const auto& [path, bytes] : served(base)) {
    INFO(path);
    CHECK(bytes != "(broken)");
  }
}

}  // namespace

TEST_CASE("clean takes away what is covered, says why the rest stays, and the archive comes back out of the trash") {
  const World world;
  const NothingRetained configured(world);
  deploy_releases(world, 6);
  const AtTime later(kBegin + 30 * kDay);
  const auto before = visible(world.base());
  const auto dry = json_of(clean(world, {"--dry-run", "--json"}));
  CHECK(names(dry.at("cleaned")) == Names{name_of(1), name_of(2), name_of(3)});
  CHECK(dry.at("bytes") > 240'000);
  CHECK(visible(world.base()) == before);
  // The last three generations let agents ask for 4, 5 and 6.
  std::map<std::string, std::string> reasons;
  for (const auto& one : dry.at("kept")) reasons[one.at("name")] = one.at("reason");
  CHECK(reasons ==
        std::map<std::string, std::string>{{name_of(4), "generation"}, {name_of(5), "generation"}, {name_of(6), "newest"}});

  REQUIRE(typed({"pin", "--base", world.base(), name_of(2)}).code == 0);
  const auto done = json_of(clean(world, {"--json"}));
  CHECK(names(done.at("cleaned")) == Names{name_of(1), name_of(3)});
  CHECK(present(world.base()) == Names{name_of(2), name_of(4), name_of(5), name_of(6)});
  CHECK(names_in(world.base() + "/resources") == Names{name_of(2), name_of(4), name_of(5), name_of(6)});
  check_nothing_broken(world.base());
  CHECK(audited(world.base(), "clean") == Names{name_of(1) + " " + name_of(3)});
  CHECK(status_of(world.base()).at("trash").at("bytes") == done.at("trash").at("bytes"));

  const auto trash = names_in(world.base() + "/trash");
  REQUIRE(trash.size() == 1);
  const std::string archive = world.base() + "/trash/" + trash[0] + "/" + name_of(3) + "/" + name_of(3) + ".tar.bz2";
  CHECK(typed({"deploy", "--base", world.base(), archive}).code == 0);
  CHECK(present(world.base()) == Names{name_of(2), name_of(3), name_of(4), name_of(5), name_of(6)});
  CHECK(served(world.base()).count(khash(1) + "/3/kpatch.bin") == 1);
}

TEST_CASE("without a configuration the three newest stay, and whatever came within thirty days") {
  const World world;
  deploy_releases(world, 7);
  const auto at = [&](unsigned days) {
    const AtTime time(kBegin + days * kDay + 3600);
    return names(json_of(clean(world, {"--dry-run", "--json"})).at("cleaned"));
  };
  CHECK(at(30).empty());
  CHECK(at(31) == Names{name_of(1)});
  CHECK(at(33) == Names{name_of(1), name_of(2), name_of(3)});
  CHECK(at(400) == Names{name_of(1), name_of(2), name_of(3), name_of(4)});
  const AtTime time(kBegin + 400 * kDay);
  const auto dry = json_of(clean(world, {"--dry-run", "--json"}));
  for (const auto& one : dry.at("kept"))
    if (one.at("name") != name_of(7)) CHECK((one.at("reason") == "generation" || one.at("reason") == "recent"));
}

TEST_CASE("clean without anything to do exits 4, and what is mistyped 2") {
  const World world;
  deploy_releases(world, 1);
  CHECK(clean(world).code == 4);
  CHECK(clean(world, {"--dry-run"}).code == 4);
  CHECK(clean(world, {"--dry-run", "--empty-trash"}).code == 2);
  CHECK(clean(world, {"more"}).code == 2);
  CHECK(typed({"pin", "--base", world.base()}).code == 2);
  CHECK(typed({"pin", "--base", world.base(), name_of(1), "K20260109_09"}).code == 2);
  CHECK(typed({"unpin", "--base", world.base(), name_of(1)}).code == 4);  // the first name was not pinned either
  CHECK(typed({"pin", "--base", world.base(), name_of(1)}).code == 0);
  CHECK(typed({"pin", "--base", world.base(), name_of(1)}).code == 4);
  CHECK(json_of(typed({"list", "--base", world.base(), "--json"})).at("patchsets")[0].at("pinned") == true);
  for (const char* wrong : {"[clean]\nkeep = -1\n", "[clean]\nkeeps = 1\n", "[clean]\nkeep = \"1\"\n", "clean = 3\n"}) {
    INFO(wrong);
    write_contents(world.at("wrong.toml"), wrong);
    const Configured configured(world.at("wrong.toml"));
    CHECK(clean(world).code == 2);
  }
}

TEST_CASE("what a receipt promises leaves in two steps, exports build on what stays, and one that comes again is new") {
  const World world;
  const NothingRetained configured(world);
  for (unsigned i = 1; i <= 6; ++i) {
    const AtTime time(kBegin + i * kDay);
    world.release_kernels(name_of(i), {{1, i}});
    const std::string bundle = i == 1 ? world.export_full() : world.export_more({"--receipt", world.receipt(world.base())});
    REQUIRE(world.import({bundle}).code == 0);
  }
  const AtTime later(kBegin + 30 * kDay);
  const std::string promised = world.receipt(world.base());
  const auto first = json_of(clean(world, {"--json"}));
  CHECK(first.at("cleaned").empty());
  CHECK(names(first.at("leaving")) == Names{name_of(1), name_of(2), name_of(3)});
  CHECK(clean(world).code == 4);  // until a receipt says so
  CHECK(present(world.base()).size() == 6);

  // A bundle by the receipt from before may build on any of them.
  world.release_kernels(name_of(7), {{1, 7}});
  REQUIRE(world.import({world.export_more({"--receipt", promised})}).code == 0);

  const std::string second = world.receipt(world.base());
  CHECK(says(contents(second), "\"cleaned\":[\"" + name_of(1) + "\",\"" + name_of(2) + "\",\"" + name_of(3) + "\"]"));
  CHECK(names(json_of(clean(world, {"--json"})).at("cleaned")) == Names{name_of(1), name_of(2), name_of(3)});
  check_nothing_broken(world.base());
  CHECK(says(contents(world.receipt(world.base())), "\"cleaned\":[\"" + name_of(1) + "\""));

  world.release_kernels(name_of(8), {{1, 8}});
  const auto made = world.try_export({"--receipt", second});
  REQUIRE(made.code == 0);
  REQUIRE(world.import({json_of(made).at("path")}).code == 0);
  const auto now = present(world.base());
  CHECK(std::find(now.begin(), now.end(), name_of(1)) == now.end());  // not shipped again
  CHECK(std::find(now.begin(), now.end(), name_of(8)) != now.end());

  // Whoever wants one back can have it: a full bundle brings all.
  REQUIRE(world.import({world.export_full()}).code == 0);
  CHECK(present(world.base()).size() == 8);
  CHECK_FALSE(says(contents(world.receipt(world.base())), "\"cleaned\":[\"" + name_of(1)));
  CHECK(typed({"check", "--base", world.base()}).code == 0);
}

TEST_CASE("a bundle that builds on what was cleaned away needs nothing to come before it") {
  const World world;
  const NothingRetained configured(world);
  for (unsigned i = 1; i <= 5; ++i) {
    const AtTime time(kBegin + i * kDay);
    world.release_kernels(name_of(i), {{1, i}});
    REQUIRE(world.import({i == 1 ? world.export_full() : world.export_more({"--assume-delivered", "0"})}).code == 0);
  }
  const AtTime later(kBegin + 30 * kDay);
  const auto done = clean(world);
  CHECK(done.code == 0);
  CHECK(says(done.err, "never issued a receipt"));
  world.release_kernels(name_of(6), {{2, 1}});
  const auto imported = world.import({world.export_more({"--assume-delivered", "0"})});
  INFO(imported.err);
  CHECK_FALSE(says(imported.err, "import it first"));
}

TEST_CASE("a rollback names what has been cleaned away since, and does the rest") {
  const World world;
  const NothingRetained configured(world);
  deploy_releases(world, 6);
  const AtTime later(kBegin + 30 * kDay);
  REQUIRE(clean(world).code == 0);
  const auto back = typed({"feed", "rollback", "--base", world.base(), "--to", "6", "main", "--json"});
  CHECK(back.code == 5);
  CHECK(says(back.err, name_of(1) + " is not put back into main"));
  const auto report = json_of(back);
  CHECK(report.at("not_put_back").size() == 3);
  CHECK(report.at("changes").size() == 1);
  check_nothing_broken(world.base());
}

TEST_CASE("the trash is emptied when its days are over, or at once") {
  const World world;
  const NothingRetained configured(world, "7");
  deploy_releases(world, 6);
  const auto trash = [&] { return exists(world.base() + "/trash") ? names_in(world.base() + "/trash").size() : 0; };
  {
    const AtTime time(kBegin + 30 * kDay);
    REQUIRE(clean(world).code == 0);
    CHECK(trash() == 1);
  }
  {
    const AtTime time(kBegin + 37 * kDay - 1);
    clean(world);
    CHECK(trash() >= 1);
  }
  {
    const AtTime time(kBegin + 20 * kDay);  // the clock was put back
    clean(world);
    CHECK(trash() >= 1);
  }
  {
    const AtTime time(kBegin + 60 * kDay);
    CHECK(clean(world).code == 0);
    CHECK(trash() <= 1);
    CHECK(clean(world, {"--empty-trash"}).code != 3);
    CHECK(trash() == 0);
    CHECK(status_of(world.base()).at("trash").at("bytes") == 0);
  }
}

TEST_CASE("cleaning works on a full disk: the reserve goes first, then the trash") {
  if (const auto reason = MemoryFileSystem::why_not(); !reason.empty()) {
    WARN("skipped: " << reason);
    return;
  }
  const World world;
  const NothingRetained configured(world);
  patchferry::make_folder(world.at("small"));
  MemoryFileSystem small(world.at("small"), "size=700m");
  const std::string base = world.at("small/base");
  world.init(base);
  REQUIRE(exists(base + "/reserve"));
  for (unsigned i = 1; i <= 6; ++i) {
    const AtTime time(kBegin + i * kDay);
    const std::string archive = world.at("downloads/" + name_of(i) + ".tar.bz2");
    write_archive(archive, kernel_release(name_of(i), {{1, i}}, 1'000'000));
    REQUIRE(typed({"deploy", "--base", base, archive}).code == 0);
  }
  const AtTime later(kBegin + 30 * kDay);
  const auto before = served(base);
  // Somebody else fills it, to the last byte.
  {
    const auto filler = patchferry::open_file(world.at("small/other"), O_WRONLY | O_CREAT);
    std::string block(1 << 20, 'x');
    while (!block.empty()) {
      if (::write(filler.get(), block.data(), block.size()) <= 0) block.resize(block.size() / 2);
    }
  }
  REQUIRE(patchferry::free_bytes(base) < 4096);
  CHECK(typed({"disable", "--base", base, name_of(1)}).code == 3);  // as everything does
  const auto done = typed({"clean", "--base", base});
  INFO(done.out << done.err);
  CHECK(done.code == 0);
  CHECK(says(done.err, "the disk was full"));
  CHECK(present(base) == Names{name_of(4), name_of(5), name_of(6)});
  CHECK(patchferry::free_bytes(base) > 5'500'000);
  check_nothing_broken(base);
  CHECK(served(base).at(khash(1) + "/latest.v1") == before.at(khash(1) + "/latest.v1"));
  patchferry::remove_file(world.at("small/other"));
  typed({"clean", "--base", base});
  CHECK(exists(base + "/reserve"));
}

TEST_CASE("on a base that cannot be written to, clean is the machine's fault and loses nothing") {
  if (const auto reason = MemoryFileSystem::why_not(); !reason.empty()) {
    WARN("skipped: " << reason);
    return;
  }
  const World world;
  const NothingRetained configured(world);
  deploy_releases(world, 5);
  const AtTime later(kBegin + 30 * kDay);
  const auto before = visible(world.base());
  {
    const ReadOnly locked(world.base());
    CHECK(clean(world).code == 3);
  }
  CHECK(visible(world.base()) == before);
  CHECK(clean(world).code == 0);
}

TEST_CASE("contents that an interrupted clean has left are in what the dry run says, and the next clean takes just those") {
  const World world;
  const NothingRetained configured(world);
  deploy_releases(world, 5);
  const AtTime later(kBegin + 30 * kDay);
  const auto planned = json_of(clean(world, {"--dry-run", "--json"}));
  const auto done = json_of(clean(world, {"--json"}));
  CHECK(done.at("objects") > 0);
  for (const char* key : {"objects", "object_bytes", "bytes"}) CHECK(planned.at(key) == done.at(key));
  while (clean(world, {"--dry-run"}).code == 0) REQUIRE(clean(world).code == 0);  // generations let more go as feeds change

  // As if it had been killed before it moved the last of them.
  std::uint64_t objects = 0, bytes = 0;
  for (const auto& time : names_in(world.base() + "/trash"))
    for (const auto& name : names_in(world.base() + "/trash/" + time + "/objects")) {
      const std::string from = world.base() + "/trash/" + time + "/objects/" + name;
      const std::string folder = world.base() + "/objects/" + name.substr(0, 2);
      if (!exists(folder)) patchferry::make_folder(folder);
      ++objects;
      bytes += contents(from).size();
      REQUIRE(::rename(from.c_str(), (folder + "/" + name).c_str()) == 0);
    }
  const auto said = clean(world, {"--dry-run"});
  INFO(said.out << said.err);
  CHECK(said.code == 0);
  CHECK(says(said.out, std::to_string(objects) + " contents that no patchset needs would go to the trash"));
  CHECK_FALSE(says(said.err, "nothing to clean"));
  const auto dry = json_of(clean(world, {"--dry-run", "--json"}));
  CHECK(dry.at("objects") == objects);
  CHECK(dry.at("object_bytes") == bytes);
  CHECK(dry.at("bytes") == bytes);
  const auto again = clean(world, {"--json"});
  CHECK(again.code == 0);
  CHECK(json_of(again).at("objects") == dry.at("objects"));
  CHECK(json_of(again).at("object_bytes") == bytes);
  CHECK(clean(world, {"--dry-run"}).code == 4);
}

namespace {

void kill_and_clean_again(int rounds, unsigned seed) {
  const World world;
  const NothingRetained configured(world);
  deploy_releases(world, 7);
  const AtTime later(kBegin + 30 * kDay);
  copy_tree(world.base(), world.at("as-it-was"));
  const auto before = served(world.base());
  std::mt19937 dice(seed);
  for (int i = 0; i < rounds; ++i) {
    patchferry::remove_tree(world.base());
    copy_tree(world.at("as-it-was"), world.base());
    {
      Process process({"patchferry", "clean", "--base", world.base()});
      std::this_thread::sleep_for(std::chrono::microseconds(dice() % 60'000));
      process.kill();
      process.wait();
    }
    const auto again = clean(world, {"--empty-trash"});
    INFO(again.err);
    CHECK((again.code == 0 || again.code == 4));
    check_nothing_broken(world.base());
    CHECK(served(world.base()).at(khash(1) + "/7/kpatch.bin") == before.at(khash(1) + "/7/kpatch.bin"));
    const auto here = present(world.base());
    CHECK(std::find(here.begin(), here.end(), name_of(1)) == here.end());
    CHECK(std::find(here.begin(), here.end(), name_of(7)) != here.end());
    CHECK(names_in(world.base() + "/resources") == here);
    CHECK(typed({"check", "--base", world.base()}).code == 0);
    CHECK_FALSE((exists(world.base() + "/trash") && !names_in(world.base() + "/trash").empty()));
  }
}

}  // namespace

TEST_CASE("a clean that is killed anywhere is finished by the next one") { kill_and_clean_again(8, 1); }
TEST_CASE("a clean that is killed anywhere, many times, is finished by the next one", "[slow]") { kill_and_clean_again(150, 2); }
