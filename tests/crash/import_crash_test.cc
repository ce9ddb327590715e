// SPDX-License-Identifier: Apache-2.0
// An import, with everything that may go wrong with the disk beneath it: a base that has a patchset already gets two more, one
// made again from its contents, one as it is.
#include <catch2/catch.hpp>

#include "tests/crash/sites.h"

using namespace patchferry::test;

namespace {

Proof import_into(CrashWorld& world, unsigned slices) {
  world->init(world.base());
  world->release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 2'000);
  world.site({"import", world->export_full()});
  world->release_kernels("K20260114_01", {{1, 2}, {3, 1}}, 2'000);
  const std::string plain = world->at("downloads/K20260120_01.tgz");
  write_contents(plain, archive_of(kernel_release("K20260120_01", {{1, 3}, {2, 1}}, 2'000), "ustar", "gzip"));
  REQUIRE(typed({"mirror", "add", "--store", world->at("store"), plain}).code == 0);
  const std::string bundle = world->export_more({"--receipt", world->receipt(world.base())});
  return Proof("import", world.live(), world.site_words({"import", bundle}), questions_for_base(world), slices);
}

void prove_import(unsigned slices) {
  if (!can_fault()) return;
  CrashWorld world;
  import_into(world, slices).all();
}

}  // namespace

TEST_CASE("whatever a disk does to an import, readers see the old or the new state, and the same command finishes") {
  prove_import(kSlices);
}
TEST_CASE("whatever a disk does at any call of an import, readers see the old or the new state, and the same command finishes",
          "[slow]") {
  prove_import(0);
}

TEST_CASE("an import that synced no file, or no file system, would be found out by the proofs") {
  if (!can_fault()) return;
  CrashWorld world;
  Proof proof = import_into(world, 5);
  CHECK(proof.complaints_without(Call::sync) > 0);
  CHECK(proof.complaints_without(Call::sync_all) > 0);
}
