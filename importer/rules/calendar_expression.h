// SPDX-License-Identifier: Apache-2.0
// Calendar expressions, in the grammar of systemd.time(7): "Sat,Sun 02:00", "Mon..Fri *-*-* 22:00", "*-*~3..1", "weekly UTC".
//
// Read more strictly than systemd does where two readings are possible: whole seconds only, no time zones but UTC and that of
// the machine, no "@" instants. What is accepted is written as one text by to_text(), which reads back as the same expression.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "importer/rules/local_time.h"
#include "system/refusal.h"

namespace patchferry::importer {

constexpr std::size_t kMaxCalendarText = 256;  // bytes
constexpr std::size_t kMaxCalendarList = 64;   // members of one list
constexpr int kLastYear = 2199;                // nothing is searched for after it

/// A member of a list: a value; every `repeat`-th from it on; or those until `stop`.
struct CalendarRange {
  int start = 0;
  int stop = -1;   // -1: none
  int repeat = 0;  // 0: `start` alone
  auto operator<=>(const CalendarRange&) const = default;
};
using CalendarField = std::vector<CalendarRange>;  // ascending, distinct; empty: any value

struct CalendarExpression {
  unsigned weekdays = 0;  // bit 0 is Monday; 0: any
  CalendarField year, month, day, hour, minute, second;
  bool from_month_end = false;  // days count backwards from the last one, which is 1
  bool utc = false;
  bool operator==(const CalendarExpression&) const = default;
};

/// Refused: malformed, with what is wrong.
Result<CalendarExpression> parse_calendar(std::string_view text);
/// "Sat,Sun *-*-* 02:00:00".
std::string to_text(const CalendarExpression& expression);

/// The first instant after `after` that it names. A local time that the clock jumps over comes when it has jumped, one that it shows
/// twice comes once, the first time. nullopt: none until the end of kLastYear.
std::optional<std::int64_t> next_after(const CalendarExpression& expression, const Zone& zone, std::int64_t after);

}  // namespace patchferry::importer
