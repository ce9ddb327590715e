// SPDX-License-Identifier: Apache-2.0
// How long what is obsolete is kept all the same (docs/cleaning.md).
#pragma once

#include <cstdint>

namespace patchferry::importer {

struct CleanSettings {
  std::uint64_t keep = 3;        // newest releases of each product
  std::uint64_t keep_days = 30;  // since a patchset arrived
  std::uint64_t trash_days = 7;  // since it was cleaned away
};

}  // namespace patchferry::importer
