// SPDX-License-Identifier: Apache-2.0
// The exporting side, with everything that may go wrong with the disk beneath it; the medium lies on that disk too.
#include <catch2/catch.hpp>

#include "tests/crash/sites.h"

using namespace patchferry::test;

namespace {

std::string archive(const CrashWorld& world, const std::string& name, const std::vector<KernelLevel>& levels) {
  const std::string path = world->at("downloads/" + name + ".tar.bz2");
  write_archive(path, kernel_release(name, levels, 2'000));
  return path;
}

void add(const CrashWorld& world, const std::string& path) {
  REQUIRE(typed({"mirror", "add", "--store", world.store(), path}).code == 0);
}

void prove_add(unsigned slices) {
  CrashWorld world;
  add(world, archive(world, "K20260105_01", {{1, 1}, {2, 1}}));
  const Words command = {"patchferry-mirror",
                         "mirror",
                         "add",
                         "--store",
                         world.store(),
                         archive(world, "K20260114_01", {{1, 2}, {3, 1}}),
                         archive(world, "K20260120_01", {{1, 3}})};
  Proof("mirror add", world.live(), command, questions_for_store(world), slices).all();
}

void prove_export(unsigned slices) {
  CrashWorld world;
  add(world, archive(world, "K20260105_01", {{1, 1}, {2, 1}}));
  add(world, archive(world, "K20260114_01", {{1, 2}, {3, 1}}));
  patchferry::make_folder(world.medium());
  const Words command = {"patchferry-mirror", "export", "--store", world.store(), "--to",
                         world.medium(),      "--site", "plant1",  "--full",      "--sign",
                         world->at("ops.key")};
  Proof("export", world.live(), command, questions_for_store(world), slices).all();
}

}  // namespace

TEST_CASE("whatever a disk does while archives are added, the store loses nothing, and the same command finishes") {
  prove_or_skip(prove_add, kSlices);
}
TEST_CASE("whatever a disk does to an export, no number is used twice, and the same command makes a good bundle") {
  prove_or_skip(prove_export, kSlices);
}
TEST_CASE("every call while archives are added", "[slow]") { prove_or_skip(prove_add, 0); }
TEST_CASE("every call of an export", "[slow]") { prove_or_skip(prove_export, 0); }
