// SPDX-License-Identifier: Apache-2.0
#include "verifier/freshness.h"

#include <fmt/format.h>

#include "system/calendar.h"

namespace patchferry {

namespace {

constexpr std::uint64_t kDay = 86400;
/// A clock may be this much ahead or behind before anybody is told.
constexpr std::uint64_t kSlack = 2 * kDay;
/// Nobody leaves a site alone for so long; a clock that says so is wrong.
constexpr std::uint64_t kTooFarAhead = 10 * 366 * kDay;

}  // namespace

std::string clock_warning(const SiteTime& time) {
  if (time.floor == 0) return {};
  if (time.clock + kSlack < time.floor)
    return fmt::format("the clock of this machine says {}, and something signed came here that was made {}: the clock is wrong",
                       time_text(time.clock), time_text(time.floor));
  if (time.clock > time.floor + kTooFarAhead)
    return fmt::format("the clock of this machine says {}, and the newest that came here was made {}: the clock is hardly right",
                       time_text(time.clock), time_text(time.floor));
  return {};
}

bool is_expired(std::uint64_t expires, const SiteTime& time) { return expires != 0 && time.best() > expires; }

std::string silence_warning(std::uint64_t newest_made, unsigned days, const SiteTime& time) {
  if (newest_made == 0 || time.best() < newest_made) return {};
  const std::uint64_t age = (time.best() - newest_made) / kDay;
  if (age <= days) return {};
  return fmt::format("nothing newer than {} days is known: bundles may be held back, or nobody makes any", age);
}

}  // namespace patchferry
