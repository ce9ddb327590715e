// SPDX-License-Identifier: Apache-2.0
// The machine gives out: a full disk, a pulled plug, no permission, somebody else at work. Whatever a reader sees is the old
// state or the new one, and the same command finishes later.
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <random>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "tests/scenario/world.h"

using namespace patchferry::test;
using namespace std::chrono_literals;

namespace {

using Served = std::map<std::string, std::string>;

/// Every archive that arch/ shows is whole, and the feed is one of two.
void check_nothing_half_done(const World& world, const std::string& base, const Served& before, const Served& after) {
  for (const auto& file : names_in(base + "/arch")) {
    INFO(file);
    CHECK((contents(base + "/arch/" + file) == contents(world.at("downloads/" + file))));
  }
  const auto now = served(base);
  CHECK((now == before || now == after));
}

/// Done now, or before the interruption already.
bool is_finished(const Outcome& outcome) { return outcome.code == 0 || outcome.code == 4; }

std::map<std::string, std::string> resources_of(const std::string& base) {
  auto all = visible(base);
  std::erase_if(all, [](const auto& one) { return !one.first.starts_with("resources/"); });
  return all;
}

}  // namespace

TEST_CASE("a second command on a base waits for the first, and with --no-wait it does not") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string stream = contents(volumes_of(world.export_full()).front());
  auto [from, to] = pipe_ends();
  Process first({"patchferry", "import", "--base", world.base(), "-"}, std::move(from));
  // It works as long as its stream goes on. Until it has begun, --no-wait finds the base free.
  int code = 0;
  for (int i = 0; i < 200 && code == 0; ++i) {
    code = typed({"list", "--base", world.base(), "--no-wait"}).code;
    std::this_thread::sleep_for(10ms);
  }
  CHECK(code == 3);
  for (const char* command : {"status", "list"}) CHECK(typed({command, "--base", world.base(), "--no-wait"}).code == 3);
  CHECK(world.import({world.at("usb-store/patchferry-plant1-000001"), "--no-wait"}).code == 3);

  Process second({"patchferry", "list", "--base", world.base(), "--json"});
  for (int i = 0; i < 500 && second.err_so_far().empty(); ++i) std::this_thread::sleep_for(10ms);
  CHECK(second.err_so_far().find("waiting") != std::string::npos);
  CHECK(second.is_running());
  patchferry::write_all(to, patchferry::as_bytes(stream));
  to = patchferry::Fd();
  CHECK(first.wait().code == 0);
  const auto list = second.wait();
  CHECK(list.code == 0);
  CHECK(json_of(list).at("patchsets").size() == 1);
}

TEST_CASE("on a full disk an import fails as the machine's fault, and the same command succeeds once there is room") {
  if (const auto reason = MemoryFileSystem::why_not(); !reason.empty()) {
    WARN("skipped: " << reason);
    return;
  }
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 400'000);
  const std::string bundle = world.export_full();
  patchferry::make_folder(world.at("small"));
  MemoryFileSystem small(world.at("small"), "size=1m");
  const std::string base = world.at("small/base");
  world.init(base);
  const auto before = visible(base);
  const auto full = world.import_into(base, {bundle});
  CHECK(full.code == 3);
  CHECK(full.err.find(base) != std::string::npos);
  CHECK(full.err.find("patchferry: hint: ") != std::string::npos);
  CHECK(visible(base) == before);
  small.change("size=32m");
  CHECK(world.import_into(base, {bundle}).code == 0);
  world.check_archives(base, {"K20260105_01"});
}

TEST_CASE("where there is no room for archives, the error says how much --archives later needs, if that fits, and it does") {
  if (const auto reason = MemoryFileSystem::why_not(); !reason.empty()) {
    WARN("skipped: " << reason);
    return;
  }
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 1'000'000);  // 2 MB as payload, contents and archive each
  const std::string bundle = world.export_full();
  patchferry::make_folder(world.at("small"));
  MemoryFileSystem small(world.at("small"), "size=32m");
  const std::string base = world.at("small/base");
  world.init(base);
  const std::uint64_t used = (32U << 20U) - patchferry::free_bytes(base);
  const auto leave = [&](std::uint64_t bytes) { small.change(fmt::format("size={}", used + bytes)); };
  leave(1'000'000);
  const auto none = world.import_into(base, {bundle});
  CHECK(none.code == 3);
  CHECK_FALSE(says(none.err, "--archives later"));
  leave(3'000'000);
  const auto before_staging = world.import_into(base, {bundle});
  CHECK(before_staging.code == 3);
  CHECK(says(before_staging.err, "'--archives later', which needs up to 2.0 MB there, and what its contents take"));
  leave(5'000'000);
  const auto staged = world.import_into(base, {bundle});
  CHECK(staged.code == 3);
  CHECK(says(staged.err, "'--archives later', which needs up to 2.0 MB there: feeds"));
  const auto later = world.import_into(base, {bundle, "--archives", "later"});
  INFO(later.err);
  CHECK(later.code == 0);
}

// A file system that runs out of files, not of bytes, is not foreseen: the import fails at every step of its way.
TEST_CASE("wherever an import runs out of space, no reader sees half of it and the same command finishes it") {
  if (const auto reason = MemoryFileSystem::why_not(); !reason.empty()) {
    WARN("skipped: " << reason);
    return;
  }
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}});
  world.release_kernels("K20260114_02", {{1, 2}});
  const std::string bundle = world.export_full();
  const auto empty = served(world.base());
  REQUIRE(world.import({bundle}).code == 0);
  const auto complete = served(world.base());

  patchferry::make_folder(world.at("small"));
  bool succeeded = false;
  int failures = 0;
  for (int files = 30; !succeeded && files < 400; ++files) {
    INFO(files << " files");
    MemoryFileSystem small(world.at("small"), "size=32m,nr_inodes=400");
    const std::string base = world.at("small/base");
    world.init(base);
    try {
      small.change(fmt::format("nr_inodes={}", files));
    } catch (const std::exception&) {
      continue;  // fewer than are there already
    }
    const auto first = world.import_into(base, {bundle});
    INFO(first.err);
    succeeded = first.code == 0;
    if (!succeeded) {
      ++failures;
      CHECK((first.code == 3 || first.code == 5));  // 5: the feeds are published, arch/ is not complete
    }
    check_nothing_half_done(world, base, empty, complete);
    small.change("nr_inodes=0");
    const auto second = world.import_into(base, {bundle});
    INFO(second.err);
    CHECK(is_finished(second));
    world.check_archives(base, {"K20260105_01", "K20260114_02"});
    CHECK(served(base) == complete);
    CHECK(names_in(base + "/quarantine").empty());
  }
  CHECK(succeeded);
  CHECK(failures > 10);
}

TEST_CASE("a base that cannot be written to is the machine's fault, and loses nothing") {
  if (const auto reason = MemoryFileSystem::why_not(); !reason.empty()) {
    WARN("skipped: " << reason);
    return;
  }
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = world.export_full();
  const auto before = visible(world.base());
  {
    const ReadOnly locked(world.base());
    const auto done = world.import({bundle});
    CHECK(done.code == 3);
    CHECK(done.err.find(world.base()) != std::string::npos);
  }
  CHECK(visible(world.base()) == before);
  CHECK(world.import({bundle}).code == 0);
}

TEST_CASE("the medium may be read-only, and is never written to") {
  if (const auto reason = MemoryFileSystem::why_not(); !reason.empty()) {
    WARN("skipped: " << reason);
    return;
  }
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = world.export_full();
  const ReadOnly medium(bundle);
  CHECK(world.verify({bundle}).code == 0);
  CHECK(world.import({bundle}).code == 0);
}

TEST_CASE("an import killed at any moment leaves the old state or the new one, and the same command finishes it") {
  const World world;
  const std::vector<std::string> names = {"K20260105_01", "K20260114_02", "K20260123_01", "K20260201_02"};
  for (unsigned i = 0; i < names.size(); ++i) world.release_kernels(names[i], {{1, i + 1}, {2, i + 1}, {3, i + 1}}, 300'000);
  const std::string bundle = world.export_full({"--volume-size", "2MB"});
  const auto empty = served(world.base());
  const auto began = std::chrono::steady_clock::now();
  REQUIRE(world.import({bundle}).code == 0);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
  const auto complete = served(world.base());
  const auto resources = resources_of(world.base());

  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 chance(seed);
  for (int round = 0; round < 5; ++round) {  // tests/crash does it at every call
    const auto moment = std::chrono::microseconds(std::uniform_int_distribution<std::int64_t>(0, took.count())(chance));
    INFO("killed after " << moment.count() << " of " << took.count() << " microseconds");
    const std::string base = world.at(fmt::format("base-{}", round));
    world.init(base);
    Process victim({"patchferry", "import", "--base", base, bundle});
    std::this_thread::sleep_for(moment);
    victim.kill();
    victim.wait();
    check_nothing_half_done(world, base, empty, complete);
    const auto again = world.import_into(base, {bundle});
    INFO(again.err);
    CHECK(is_finished(again));
    world.check_archives(base, names);
    CHECK((served(base) == complete));
    CHECK((resources_of(base) == resources));
    CHECK(names_in(base + "/quarantine").empty());
    patchferry::remove_tree(base);
  }
}
