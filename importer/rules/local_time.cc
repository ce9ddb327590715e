// SPDX-License-Identifier: Apache-2.0
#include "importer/rules/local_time.h"

#include <algorithm>
#include <ctime>
#include <fmt/format.h>

namespace patchferry::importer {

namespace {

constexpr std::int64_t kTwoDays = 2 * 86400;               // no zone is farther from UTC, or jumps farther
constexpr std::int64_t kEndOfTime = 253402300799 - 86400;  // 9999-12-30

}  // namespace

Zone utc_zone() {
  return [](std::int64_t) { return std::int64_t{0}; };
}

Zone machine_zone() {
  ::tzset();  // localtime_r need not do so
  return [](std::int64_t instant) {
    const auto t = static_cast<std::time_t>(instant);
    std::tm parts{};
    return ::localtime_r(&t, &parts) == nullptr ? std::int64_t{0} : static_cast<std::int64_t>(parts.tm_gmtoff);
  };
}

std::int64_t instant_of(const Zone& zone, std::int64_t local) {
  const std::int64_t before = zone(local - kTwoDays), after = zone(local + kTwoDays);
  // Of a time that is shown twice, the larger offset is the earlier instant.
  for (const std::int64_t offset : {std::max(before, after), std::min(before, after)})
    if (zone(local - offset) == offset) return local - offset;
  // Shown never: the clock jumps from before it to past it.
  std::int64_t low = local - std::max(before, after), high = local - std::min(before, after);
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (middle + zone(middle) < local ? low : high) = middle;
  }
  return high;
}

std::string local_text(const Zone& zone, std::uint64_t instant) {
  const auto at = static_cast<std::int64_t>(std::min<std::uint64_t>(instant, kEndOfTime));
  const std::int64_t offset = zone(at);
  const auto shown = static_cast<std::time_t>(at + offset);
  std::tm parts{};
  ::gmtime_r(&shown, &parts);
  const std::int64_t minutes = (offset < 0 ? -offset : offset) / 60;
  const std::string suffix =
      offset == 0 ? "UTC" : fmt::format("{}{:02}:{:02}", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} {}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                     parts.tm_min, suffix);
}

}  // namespace patchferry::importer
