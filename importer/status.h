// SPDX-License-Identifier: Apache-2.0
// How fresh, full and busy a site is, as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "importer/alarms.h"
#include "importer/catalogue.h"

namespace patchferry::importer {

struct Status {
  std::uint64_t sequence = 0;
  std::uint64_t last_import = 0;  // seconds since 1970; 0: never
  std::optional<KnownPatchset> newest;
  std::uint64_t newest_age_days = 0;
  std::vector<std::string> pending;  // archives that arch/ is to hold and lacks
  std::uint64_t can_be_made = 0;     // of those: what 'archives' makes again
  std::uint64_t bytes_to_make = 0;
  std::uint64_t missing = 0;  // what it cannot make; of archives too that a person wants none of
  std::uint64_t never = 0;    // that a person wants none of, and that it could make
  std::uint64_t quarantine_bytes = 0;
  std::uint64_t trash_bytes = 0;
  std::uint64_t arch_bytes = 0;
  std::uint64_t free = 0;
  std::vector<Alarm> alarms;
};

Status status_of(Site& site);

}  // namespace patchferry::importer
