// SPDX-License-Identifier: Apache-2.0
#include "system/calendar.h"

#include <cstdlib>
#include <ctime>
#include <fmt/format.h>

namespace patchferry {

bool is_valid(const Date& date) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (date.year < 1970 || date.year > 9999 || date.month < 1 || date.month > 12 || date.day < 1) return false;
  const bool leap = (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;
  return date.day <= kDays[date.month - 1] + (date.month == 2 && leap ? 1 : 0);
}

std::string to_text(const Date& date) { return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day); }

std::optional<Date> date_from_text(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t count) {
    int v = 0;
    for (std::size_t i = at; i < at + count; ++i) {
      if (text[i] < '0' || text[i] > '9') return -1;
      v = v * 10 + (text[i] - '0');
    }
    return v;
  };
  const Date date{number(0, 4), number(5, 2), number(8, 2)};
  if (!is_valid(date)) return std::nullopt;
  return date;
}

std::int64_t days_since_1970(const Date& date) {
  std::tm parts{};
  parts.tm_year = date.year - 1900;
  parts.tm_mon = date.month - 1;
  parts.tm_mday = date.day;
  return static_cast<std::int64_t>(::timegm(&parts)) / 86400;
}

std::uint64_t now() {
  if (const char* fixed = std::getenv("PATCHFERRY_NOW")) return std::strtoull(fixed, nullptr, 10);
  const std::time_t t = std::time(nullptr);
  return t < 0 ? 0 : static_cast<std::uint64_t>(t);
}

std::string time_text(std::uint64_t seconds) {
  if (seconds > 253402300799ULL) return "after the year 9999";
  const auto t = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&t, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string duration_text(std::uint64_t seconds) {
  const auto say = [](std::uint64_t n, const char* unit) { return fmt::format("{} {}{}", n, unit, n == 1 ? "" : "s"); };
  if (seconds >= 2 * 86400) return say(seconds / 86400, "day");
  if (seconds >= 2 * 3600) return say(seconds / 3600, "hour");
  if (seconds >= 120) return say(seconds / 60, "minute");
  return say(seconds, "second");
}

}  // namespace patchferry
