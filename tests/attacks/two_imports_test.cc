// SPDX-License-Identifier: Apache-2.0
// Several commands at once on one base: they come one after the other, and the base is as if they had been typed so.
#include <algorithm>
#include <catch2/catch.hpp>
#include <unistd.h>

#include "system/lock.h"
#include "tests/attacks/series.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

constexpr int kAtOnce = 8;

Process importing(const std::string& base, const std::string& bundle, const Words& more = {}) {
  Words words = {"patchferry", "import", "--base", base, bundle};
  words.insert(words.end(), more.begin(), more.end());
  return Process(words);
}

std::vector<int> codes_of(std::vector<Process>& all) {
  std::vector<int> out;
  for (auto& one : all) {
    const Outcome done = one.wait();
    INFO(done.err);
    CHECK(done.err.find("patchferry: error: cannot") == std::string::npos);
    out.push_back(done.code);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("of eight imports of one bundle at once, one does it and seven find nothing to do") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}});
  const std::string bundle = world.export_full();
  std::vector<Process> all;
  {
    // All of them stand before the lock before one of them gets it.
    const Lock held = Lock::take(world.base() + "/lock", true, {});
    for (int i = 0; i < kAtOnce; ++i) all.push_back(importing(world.base(), bundle));
    for (auto& one : all)
      while (one.is_running() && !says(one.err_so_far(), "waiting")) ::usleep(1000);
  }
  CHECK(codes_of(all) == std::vector<int>{0, 4, 4, 4, 4, 4, 4, 4});
  world.check_archives(world.base(), {"K20260105_01"});
  CHECK(audited(world.base(), "import").size() == 1);
  CHECK(typed({"check", "--base", world.base()}).code == 0);
}

TEST_CASE("of eight imports of different bundles at once, each is taken or is older than what was taken, and the newest is in") {
  Series series;
  for (int i = 0; i < kAtOnce; ++i) series.ship({"--full"});
  const std::string base = series.world().base();
  std::vector<Process> all;
  for (int i = 0; i < kAtOnce; ++i) all.push_back(importing(base, series.bundles()[static_cast<std::size_t>(i)]));
  for (const int code : codes_of(all)) CHECK((code == 0 || code == 1));
  CHECK(sequence_of(base) == kAtOnce);
  series.world().check_archives(base, names_of(kAtOnce));
  const auto taken = audited(base, "import");
  CHECK_FALSE(taken.empty());
  CHECK(typed({"check", "--base", base}).code == 0);
  CHECK(typed({"log", "--base", base, "--verify"}).code == 0);
}

TEST_CASE("with --no-wait, a command that finds another one at work on the base changes nothing and exits 3") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = world.export_full();
  const auto before = visible(world.base());
  {
    const Lock held = Lock::take(world.base() + "/lock", true, {});
    std::vector<Process> all;
    for (int i = 0; i < kAtOnce; ++i) all.push_back(importing(world.base(), bundle, {"--no-wait"}));
    for (auto& one : all) {
      const Outcome done = one.wait();
      CHECK(done.code == 3);
      CHECK(says(done.err, "another patchferry command is working there"));
    }
  }
  CHECK(visible(world.base()) == before);
  CHECK(world.import({bundle, "--no-wait"}).code == 0);
}

TEST_CASE("imports, deployments and cleanings at once leave a base that is whole, and an audit log that hangs together") {
  const World world;
  for (unsigned number = 1; number <= 3; ++number) world.release_kernels(release_name(number), {{number, 1}}, 2'000);
  const std::string bundle = world.export_full();
  const std::string other = "K20260120_01";
  write_archive(world.at("downloads/" + other + ".tar.bz2"), kernel_release(other, {{9, 1}}, 2'000));
  std::vector<Process> all;
  for (int i = 0; i < 3; ++i) {
    all.push_back(importing(world.base(), bundle));
    all.push_back(Process({"patchferry", "deploy", "--base", world.base(), world.at("downloads/" + other + ".tar.bz2")}));
    all.push_back(Process({"patchferry", "clean", "--base", world.base()}));
  }
  for (const int code : codes_of(all)) CHECK((code == 0 || code == 4));
  world.check_archives(world.base(), {release_name(1), release_name(2), release_name(3), other});
  CHECK(served(world.base()).at(khash(9) + "/latest.v1") == "1\n");
  CHECK(typed({"check", "--base", world.base()}).code == 0);
  CHECK(typed({"log", "--base", world.base(), "--verify"}).code == 0);
}
