// SPDX-License-Identifier: Apache-2.0
// An import, with everything that may go wrong with the disk beneath it: a base that has a patchset already gets two more, one
// made again from its contents, one as it is.
#include <catch2/catch.hpp>

#include "tests/crash/sites.h"

using namespace patchferry::test;

namespace {

void prove_import(unsigned slices) {
  if (const auto reason = why_no_faults(); !reason.empty()) {
    WARN("skipped: " << reason);
    return;
  }
  CrashWorld world;
  world->init(world.base());
  world->release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 2'000);
  world.site({"import", world->export_full()});
  world->release_kernels("K20260114_01", {{1, 2}, {3, 1}}, 2'000);
  const std::string plain = world->at("downloads/K20260120_01.tgz");
  write_contents(plain, archive_of(kernel_release("K20260120_01", {{1, 3}, {2, 1}}, 2'000), "ustar", "gzip"));
  REQUIRE(typed({"mirror", "add", "--store", world->at("store"), plain}).code == 0);
  const std::string bundle = world->export_more({"--receipt", world->receipt(world.base())});
  Proof(slices == 0 ? "import" : "import, in part", world.live(), world.site_words({"import", bundle}), questions_for_base(world),
        slices)
      .all();
}

}  // namespace

TEST_CASE("whatever a disk does to an import, readers see the old or the new state, and the same command finishes") {
  prove_import(kSlices);
}
TEST_CASE("whatever a disk does at any call of an import, readers see the old or the new state, and the same command finishes",
          "[slow]") {
  prove_import(0);
}
