// SPDX-License-Identifier: Apache-2.0
// Calendar expressions: what is understood, what is refused, and when they come next.
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <iostream>
#include <memory>

#include "importer/rules/calendar_expression.h"
#include "system/calendar.h"
#include "tests/in_zone.h"

using namespace patchferry;
using namespace patchferry::importer;
using patchferry::test::InZone;

namespace {

/// "2026-01-05 10:00:00", as if it were UTC.
std::int64_t at(const std::string& text) {
  const auto date = date_from_text(text.substr(0, 10)).value();
  return days_since_1970(date) * 86400 + std::stoi(text.substr(11, 2)) * 3600 + std::stoi(text.substr(14, 2)) * 60 +
         std::stoi(text.substr(17, 2));
}

std::string text_at(std::int64_t instant) { return time_text(static_cast<std::uint64_t>(instant)).substr(0, 19); }

/// "never", or the instant in UTC.
std::string next(const std::string& expression, const std::string& after, const Zone& zone = utc_zone()) {
  const auto parsed = parse_calendar(expression);
  REQUIRE(parsed);
  const auto found = next_after(*parsed, zone, at(after));
  return found ? text_at(*found) : "never";
}

constexpr const char* kMeant[][2] = {
    {"Sat,Sun 02:00", "Sat,Sun *-*-* 02:00:00"},
    {"Mon..Fri *-*-* 22:00", "Mon..Fri *-*-* 22:00:00"},
    {"monday,Wed..FRIDAY 1:2:3", "Mon,Wed..Fri *-*-* 01:02:03"},
    {"Sun,Mon 00:00", "Mon,Sun *-*-* 00:00:00"},
    {"Mon..Sun 00:00", "*-*-* 00:00:00"},
    {"*-*-1..7 03:00:00", "*-*-01..07 03:00:00"},
    {"Mon", "Mon *-*-* 00:00:00"},
    {"03-05", "*-03-05 00:00:00"},
    {"2026-12-24", "2026-12-24 00:00:00"},
    {"26-12-24 8:05", "2026-12-24 08:05:00"},
    {"*:0/15", "*-*-* *:00/15:00"},
    {"08..18/2:00", "*-*-* 08..18/2:00:00"},
    {"*-*-3,1,2,1 00:00", "*-*-01,02,03 00:00:00"},
    {"*-02~01", "*-02~01 00:00:00"},
    {"*-*~7/1 12:00", "*-*~07/1 12:00:00"},
    {"Mon *-05~07/1", "Mon *-05~07/1 00:00:00"},
    {"*-*~1..3", "*-*~01..03 00:00:00"},
    {"*:*:*", "*-*-* *:*:*"},
    {"12:00 UTC", "*-*-* 12:00:00 UTC"},
    {"minutely", "*-*-* *:*:00"},
    {"hourly", "*-*-* *:00:00"},
    {"daily", "*-*-* 00:00:00"},
    {"weekly", "Mon *-*-* 00:00:00"},
    {"monthly", "*-*-01 00:00:00"},
    {"quarterly", "*-01,04,07,10-01 00:00:00"},
    {"semiannually", "*-01,07-01 00:00:00"},
    {"Yearly utc", "*-01-01 00:00:00 UTC"},
};

/// Standard output of a tool of the system.
std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string out;
  std::array<char, 4096> buffer{};
  if (pipe)
    while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) out.append(buffer.data(), n);
  return out;
}

std::string line_after(const std::string& text, const std::string& label) {
  const auto begin = text.find(label);
  if (begin == std::string::npos) return "";
  return text.substr(begin + label.size(), text.find('\n', begin) - begin - label.size());
}

}  // namespace

TEST_CASE("a calendar expression means what systemd.time says, and has one text") {
  for (const auto& [typed, meant] : kMeant) {
    INFO(typed);
    const auto parsed = parse_calendar(typed);
    REQUIRE(parsed);
    CHECK(to_text(*parsed) == meant);
    const auto again = parse_calendar(meant);
    REQUIRE(again);
    CHECK(*again == *parsed);
  }
}

TEST_CASE("what is no calendar expression is refused, and says what is wrong") {
  constexpr const char* kWrong[][2] = {
      {"", "empty"},
      {"Sat..Mon 02:00", "a week begins with Monday"},
      {"Someday 02:00", "no day of the week"},
      {"25:00", "an hour is from 0 to 23"},
      {"24:00", "an hour is from 0 to 23"},
      {"12:60", "a minute"},
      {"12:00:60", "a second"},
      {"12:00:00.5", "whole numbers"},
      {"*-13-01", "a month is from 1 to 12"},
      {"*-00-01", "a month"},
      {"*-01-32", "a day is from 1 to 31"},
      {"*-*~29", "a day before the end of the month is from 1 to 28"},
      {"1969-01-01", "a year is from 1970"},
      {"2200-01-01", "a year is from 1970"},
      {"*-*-7..3 00:00", "runs backwards"},
      {"*-*-3..3 00:00", "empty"},
      {"*:0/0", "every 0"},
      {"*:50/30", "does not repeat"},
      {"*/2:00", "HH:MM"},
      {"12", "a date is"},
      {"12:00 Europe/Berlin", "not understood"},
      {"12:00 ", "not understood"},
      {"Mon ", "blank"},
      {"Mon,", "no day of the week"},
      {"2026-01-01-01", "blank"},
      {"*-1-1..", "missing"},
      {"@1767607200", "a number is needed"},
      {"10000:00", "a number is needed"},
      {"12:00\n", "characters"},
  };
  for (const auto& [typed, why] : kWrong) {
    const auto parsed = parse_calendar(typed);
    INFO(typed << " " << (parsed ? to_text(*parsed) : parsed.error().text));
    CHECK_FALSE(parsed);
    if (!parsed) CHECK(parsed.error().text.find(why) != std::string::npos);
  }
  CHECK_FALSE(parse_calendar(std::string(kMaxCalendarText + 1, '1')));
  std::string list = "0";
  for (std::size_t i = 0; i < kMaxCalendarList; ++i) list += fmt::format(",{}", i % 10);
  CHECK_FALSE(parse_calendar(list + ":00"));
}

TEST_CASE("when a calendar expression comes next") {
  constexpr const char* kNext[][3] = {
      {"Sat,Sun 02:00", "2026-01-05 10:00:00", "2026-01-10 02:00:00"},
      {"Sat,Sun 02:00", "2026-01-10 01:59:59", "2026-01-10 02:00:00"},
      {"Sat,Sun 02:00", "2026-01-10 02:00:00", "2026-01-11 02:00:00"},
      {"*-*-31 00:00", "2026-01-31 00:00:00", "2026-03-31 00:00:00"},
      {"*-02-29", "2026-01-01 00:00:00", "2028-02-29 00:00:00"},
      {"*-02-29", "2096-03-01 00:00:00", "2104-02-29 00:00:00"},  // 2100 is no leap year
      {"Fri *-*-13 12:00", "2026-01-01 00:00:00", "2026-02-13 12:00:00"},
      {"*-02~01", "2026-01-01 00:00:00", "2026-02-28 00:00:00"},
      {"*-02~01", "2028-01-01 00:00:00", "2028-02-29 00:00:00"},
      {"*-02~03", "2028-01-01 00:00:00", "2028-02-27 00:00:00"},
      {"Mon *-05~07/1", "2026-01-01 00:00:00", "2026-05-25 00:00:00"},
      {"*-*~1..3", "2026-04-01 00:00:00", "2026-04-28 00:00:00"},
      {"*-*~1..3", "2026-04-30 00:00:00", "2026-05-29 00:00:00"},
      {"*:0/15", "2026-01-05 10:07:00", "2026-01-05 10:15:00"},
      {"*:0/15", "2026-01-05 23:45:00", "2026-01-06 00:00:00"},
      {"8..18/4:30", "2026-01-05 12:30:00", "2026-01-05 16:30:00"},
      {"8..18/4:30", "2026-01-05 16:30:00", "2026-01-06 08:30:00"},
      {"2025..2027/2-01-01", "2025-06-01 00:00:00", "2027-01-01 00:00:00"},
      {"quarterly", "2026-12-31 23:59:59", "2027-01-01 00:00:00"},
      {"*:*:*", "2026-12-31 23:59:59", "2027-01-01 00:00:00"},
      {"*-02-30", "2026-01-01 00:00:00", "never"},
      {"2025-12-24", "2026-01-01 00:00:00", "never"},
      {"*-04,06,09,11-31", "2026-01-01 00:00:00", "never"},
      {"2199-12-31 23:59:59", "2026-01-01 00:00:00", "2199-12-31 23:59:59"},
      {"2199-12-31 23:59:59", "2199-12-31 23:59:59", "never"},
      {"daily", "2300-01-01 00:00:00", "never"},
      {"1970-01-02", "1970-01-01 00:00:00", "1970-01-02 00:00:00"},
  };
  for (const auto& [expression, after, wanted] : kNext) {
    INFO(expression << " after " << after);
    CHECK(next(expression, after) == wanted);
  }
}

TEST_CASE("daylight saving: a time that is jumped over comes when the clock has jumped, one that comes twice is the first") {
  constexpr const char* kNext[][4] = {
      // In 2026 it begins on 29 March and ends on 25 October; local 02:30 does not exist, and exists twice.
      {"Europe/Berlin", "02:30", "2026-03-28 12:00:00", "2026-03-29 01:00:00"},
      {"Europe/Berlin", "02:00", "2026-03-28 12:00:00", "2026-03-29 01:00:00"},
      {"Europe/Berlin", "03:00", "2026-03-28 12:00:00", "2026-03-29 01:00:00"},
      {"Europe/Berlin", "02:30", "2026-03-29 01:00:00", "2026-03-30 00:30:00"},
      {"Europe/Berlin", "02:30", "2026-10-24 12:00:00", "2026-10-25 00:30:00"},
      {"Europe/Berlin", "02:30", "2026-10-25 00:30:00", "2026-10-26 01:30:00"},
      {"Europe/Berlin", "02:30", "2026-10-25 01:10:00", "2026-10-26 01:30:00"},
      {"Europe/Berlin", "*:*:*", "2026-10-25 01:10:00", "2026-10-25 02:00:00"},  // the second pass of 02:00 to 03:00 is over
      {"Europe/Berlin", "02:30 UTC", "2026-10-24 12:00:00", "2026-10-25 02:30:00"},
      {"Europe/Berlin", "12:00", "2026-07-01 00:00:00", "2026-07-01 10:00:00"},
      // South of the equator: ends on 5 April, begins on 4 October; Lord Howe moves by half an hour.
      {"Australia/Sydney", "02:30", "2026-10-03 00:00:00", "2026-10-03 16:00:00"},
      {"Australia/Sydney", "02:30", "2026-04-04 00:00:00", "2026-04-04 15:30:00"},
      {"Australia/Sydney", "02:30", "2026-04-04 15:30:00", "2026-04-05 16:30:00"},
      {"Australia/Lord_Howe", "02:15", "2026-10-03 00:00:00", "2026-10-03 15:30:00"},
      {"America/New_York", "02:30", "2026-03-07 12:00:00", "2026-03-08 07:00:00"},
      // A day that did not happen there.
      {"Pacific/Apia", "2011-12-30 12:00", "2011-12-29 00:00:00", "2011-12-30 10:00:00"},
  };
  for (const auto& [zone, expression, after, wanted] : kNext) {
    const InZone there(zone);
    INFO(zone << ": " << expression << " after " << after);
    CHECK(next(expression, after, machine_zone()) == wanted);
  }
}

TEST_CASE("systemd itself agrees on what calendar expressions mean and when they come next, where there is a systemd") {
  if (std::system("command -v systemd-analyze > /dev/null 2>&1") != 0) {
    std::cout << "not compared: there is no systemd-analyze here\n";
    return;
  }
  std::cout << "compared with systemd-analyze\n";
  const InZone there("Europe/Berlin");
  const std::string base = "2026-01-31 21:30:00";
  std::string command;
  for (const auto& [typed, meant] : kMeant)
    command += fmt::format("systemd-analyze calendar --base-time='{}' '{}'; ", base + " UTC", typed);
  const std::string said = output_of(command);
  std::size_t from = 0;
  for (const auto& [typed, meant] : kMeant) {
    INFO(typed);
    const auto begin = said.find("Normalized form: ", from);
    REQUIRE(begin != std::string::npos);
    const auto end = std::min(said.find("Normalized form: ", begin + 1), said.size());
    const std::string block = said.substr(begin, end - begin);
    from = begin + 1;
    CHECK(line_after(block, "Normalized form: ") == meant);
    // In UTC on a line of its own, unless both are the same.
    std::string next_there = line_after(block, "(in UTC): ");
    if (next_there.empty()) next_there = line_after(block, "Next elapse: ");
    REQUIRE(next_there.size() >= 23);
    CHECK(next_there.substr(4, 19) == next(typed, base, machine_zone()));
  }
}
