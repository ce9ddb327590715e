// SPDX-License-Identifier: Apache-2.0
// That a bundle is refused, by which kind, and that nothing of it can be seen; and where the parts of a volume lie.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/scenario/world.h"

namespace patchferry::test {

/// A stretch of a volume's file.
struct Region {
  std::string name;
  std::size_t begin = 0;
  std::size_t end = 0;
};
/// The parts of a good volume, in order, by the names that bundle-format/SPEC.md gives them; empty ones are left out.
std::vector<Region> regions_of(const std::string& volume_bytes);

/// That `verify` and `import` refuse, and that a reader of the base sees no change.
void check_refused(const World& world, const Words& bundle, const std::string& kind = "");
/// That only the site can tell: `import` and `diff` refuse with that kind.
void check_import_refuses(const World& world, const std::string& bundle, const std::string& kind);

}  // namespace patchferry::test
