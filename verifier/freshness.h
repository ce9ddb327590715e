// SPDX-License-Identifier: Apache-2.0
// What only a clock could tell. No clock inside can be trusted, so all of this is warnings; a site may choose to refuse
// what is past its date.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundle-format/statement.h"

namespace patchferry {

constexpr unsigned kUsualSilenceDays = 30;

/// What time it is, as far as a site knows: its own clock, and a floor that signed times have set and that never falls.
struct SiteTime {
  std::uint64_t clock = 0;  // seconds since 1970
  std::uint64_t floor = 0;  // greatest time of making of anything authentic that has come

  std::uint64_t best() const { return clock > floor ? clock : floor; }
};

/// "this machine's clock says 1970-01-01, …"; empty if nothing is odd.
std::string clock_warning(const SiteTime& time);
/// True if the date is past by the best that is known.
bool is_expired(std::uint64_t expires, const SiteTime& time);
/// The alarm after silence: what is known to be newest (bundle or head) was made more than `days` ago. Empty if not.
std::string silence_warning(std::uint64_t newest_made, unsigned days, const SiteTime& time);

}  // namespace patchferry
