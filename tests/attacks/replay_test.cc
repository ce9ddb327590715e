// SPDX-License-Identifier: Apache-2.0
// What was once good is given again, or comes from elsewhere under the same numbers.
#include <catch2/catch.hpp>

#include "tests/scenario/refused.h"

using namespace patchferry;
using namespace patchferry::test;

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
