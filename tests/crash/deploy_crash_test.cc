// SPDX-License-Identifier: Apache-2.0
// Changes of a base without a bundle, with everything that may go wrong with the disk beneath them.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/crash/sites.h"

using namespace patchferry::test;

namespace {

constexpr std::uint64_t kDay = 86'400;
constexpr std::uint64_t kNow = 1'790'000'000;

std::string name_of(unsigned release) { return fmt::format("K202601{:02}_01", release); }

/// Writes downloads/<name>.tar.bz2 and returns its path.
std::string archive(const CrashWorld& world, unsigned release) {
  const std::string path = world->at("downloads/" + name_of(release) + ".tar.bz2");
  write_archive(path, kernel_release(name_of(release), {{1, release}, {2, release}}, 2'000));
  return path;
}

void prove_deploy(unsigned slices) {
  CrashWorld world;
  world->init(world.base());
  world.site({"deploy", archive(world, 1)});
  Proof("deploy", world.live(), world.site_words({"deploy", archive(world, 2), archive(world, 3)}), questions_for_base(world),
        slices)
      .all();
}

void prove_clean(unsigned slices) {
  CrashWorld world(kNow + 30 * kDay);
  write_contents(world->at("config.toml"), "[clean]\nkeep = 1\nkeep_days = 0\ntrash_days = 7\n");
  const Configured configured(world->at("config.toml"));
  world->init(world.base());
  for (unsigned i = 1; i <= 5; ++i) {
    const AtTime then(kNow + i * kDay);
    world.site({"deploy", archive(world, i)});
  }
  // Until no generation that is kept points to the old ones: else a second cleaning would find more.
  for (const char* word : {"disable", "enable", "disable", "enable"})
    REQUIRE(typed({word, "--base", world.base(), "--feed", "main", name_of(1)}).code == 0);
  const AtTime now(kNow + 30 * kDay);
  Questions questions = questions_for_base(world);
  // On a full disk it goes about in smaller steps, and the log says so.
  questions.may_differ_on_a_full_disk = {"audit.head", "rows of audit"};
  Proof("clean", world.live(), world.site_words({"clean"}), questions, slices).all();
}

void prove_rollback(unsigned slices) {
  CrashWorld world;
  world->init(world.base());
  for (unsigned i = 1; i <= 2; ++i) world.site({"deploy", archive(world, i)});
  Proof("feed rollback", world.live(), {"patchferry-site", "feed", "rollback", "--base", world.base(), "--to", "2", "main"},
        questions_for_base(world), slices)
      .all();
}

void prove_archives(unsigned slices) {
  CrashWorld world;
  world->init(world.base());
  world->release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 2'000);
  world->release_kernels("K20260114_01", {{1, 2}, {3, 1}}, 2'000);
  world.site({"import", world->export_full(), "--archives", "later"});
  Proof("archives", world.live(), world.site_words({"archives"}), questions_for_base(world), slices).all();
}

void prove_tick(unsigned slices) {
  CrashWorld world(kNow);
  world->init(world.base());
  REQUIRE(typed({"feed", "change", "--base", world.base(), "main", "--deploy-after", "72", "--count-from", "arrival"}).code == 0);
  world->release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 2'000);
  world.site({"import", world->export_full()});
  const AtTime later(kNow + 4 * kDay);
  Proof("tick", world.live(), world.site_words({"tick"}), questions_for_base(world), slices).all();
}

}  // namespace

TEST_CASE("whatever a disk does to a deployment, it is there or it is not, and the same command finishes") {
  prove_or_skip(prove_deploy, kSlices);
}
TEST_CASE("whatever a disk does to a cleaning, nothing that stays is harmed, and the same command finishes") {
  prove_or_skip(prove_clean, kSlices);
}
TEST_CASE("whatever a disk does while archives are made again, only whole ones are shown, and the same command finishes") {
  prove_or_skip(prove_archives, kSlices);
}
TEST_CASE("whatever a disk does to a feed rolled back, it shows the old or the new, and the same command finishes") {
  prove_or_skip(prove_rollback, kSlices);
}
TEST_CASE("whatever a disk does to a tick, a feed shows the old or the new, and the same command finishes") {
  prove_or_skip(prove_tick, kSlices);
}
TEST_CASE("every call of a deployment", "[slow]") { prove_or_skip(prove_deploy, 0); }
TEST_CASE("every call of a cleaning", "[slow]") { prove_or_skip(prove_clean, 0); }
TEST_CASE("every call while archives are made again", "[slow]") { prove_or_skip(prove_archives, 0); }
TEST_CASE("every call of a feed rolled back", "[slow]") { prove_or_skip(prove_rollback, 0); }
TEST_CASE("every call of a tick", "[slow]") { prove_or_skip(prove_tick, 0); }
