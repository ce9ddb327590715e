// SPDX-License-Identifier: Apache-2.0
// Dates and times as text, always UTC. Times are seconds since 1970; no decision of ours trusts the clock.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace patchferry {

struct Date {
  int year = 0;
  int month = 0;
  int day = 0;
  auto operator<=>(const Date&) const = default;
};

/// Real calendar dates of the years 1970 to 9999 only.
bool is_valid(const Date& date);
std::string to_text(const Date& date);                      // 2026-01-05
std::optional<Date> date_from_text(std::string_view text);  // exactly what to_text writes
std::int64_t days_since_1970(const Date& date);

std::uint64_t now();                           // PATCHFERRY_NOW overrides (tests)
std::string time_text(std::uint64_t seconds);  // 2026-01-05 10:00:00 UTC
/// "3 days", "5 hours", "12 minutes", "8 seconds".
std::string duration_text(std::uint64_t seconds);

}  // namespace patchferry
