// SPDX-License-Identifier: Apache-2.0
// When a calendar expression comes next: first the local time, field by field from the year down, then its instant.
#include <algorithm>
#include <chrono>

#include "importer/rules/calendar_expression.h"

namespace patchferry::importer {

namespace {

constexpr std::int64_t kDay = 86400;

/// The smallest value of the field from `from` to `most`. -1: none.
int next_in(const CalendarField& field, int from, int most) {
  if (field.empty()) return from <= most ? from : -1;
  int best = -1;
  for (const auto& one : field) {
    int value = one.start;
    if (value < from) {
      if (one.repeat == 0) continue;
      value += (from - value + one.repeat - 1) / one.repeat * one.repeat;
    }
    if (value > most || (one.stop >= 0 && value > one.stop)) continue;
    if (best < 0 || value < best) best = value;
  }
  return best;
}

/// Days that were counted from the end of a month, counted from its beginning.
CalendarField from_beginning(const CalendarField& days, int days_in_month) {
  CalendarField out = days;
  for (auto& one : out) {
    one.start = days_in_month + 1 - one.start;
    if (one.stop < 0) continue;
    one.stop = days_in_month + 1 - one.stop;
    std::swap(one.start, one.stop);
  }
  return out;
}

/// Seconds into the day, from `from` on. -1: none.
int next_time(const CalendarExpression& e, int from) {
  const int h0 = from / 3600, m0 = from / 60 % 60;
  for (int h = next_in(e.hour, h0, 23); h >= 0; h = next_in(e.hour, h + 1, 23)) {
    for (int m = next_in(e.minute, h == h0 ? m0 : 0, 59); m >= 0; m = next_in(e.minute, m + 1, 59)) {
      const int s = next_in(e.second, h == h0 && m == m0 ? from % 60 : 0, 59);
      if (s >= 0) return h * 3600 + m * 60 + s;
    }
  }
  return -1;
}

/// The first local time from `from` on.
std::optional<std::int64_t> next_local(const CalendarExpression& e, std::int64_t from) {
  using namespace std::chrono;
  from = std::max<std::int64_t>(from, 0);
  if (from / kDay > (sys_days(year(kLastYear + 1) / January / 1)).time_since_epoch().count()) return std::nullopt;
  sys_days day{days(from / kDay)};
  int time = static_cast<int>(from % kDay);
  const auto go_to = [&](sys_days other) {
    day = other;
    time = 0;
  };
  for (;;) {
    const year_month_day date(day);
    const int this_year = static_cast<int>(date.year());
    const int this_month = static_cast<int>(static_cast<unsigned>(date.month()));
    const int y = next_in(e.year, this_year, kLastYear);
    if (y < 0) return std::nullopt;
    if (y > this_year) {
      go_to(year(y) / January / 1);
      continue;
    }
    const int m = next_in(e.month, this_month, 12);
    if (m != this_month) {
      go_to(m < 0 ? sys_days(year(y + 1) / January / 1) : sys_days(year(y) / m / 1));
      continue;
    }
    const year_month_day_last last = date.year() / date.month() / std::chrono::last;
    const int length = static_cast<int>(static_cast<unsigned>(last.day()));
    const int today = static_cast<int>(static_cast<unsigned>(date.day()));
    const int d = next_in(e.from_month_end ? from_beginning(e.day, length) : e.day, today, length);
    if (d != today) {
      go_to(d < 0 ? sys_days(last) + days(1) : day + days(d - today));
      continue;
    }
    const unsigned weekday_bit = 1U << (weekday(day).iso_encoding() - 1);
    const int t = e.weekdays == 0 || (e.weekdays & weekday_bit) != 0 ? next_time(e, time) : -1;
    if (t >= 0) return day.time_since_epoch().count() * kDay + t;
    go_to(day + days(1));
  }
}

}  // namespace

std::optional<std::int64_t> next_after(const CalendarExpression& expression, const Zone& zone, std::int64_t after) {
  const Zone& in = expression.utc ? utc_zone() : zone;
  std::int64_t from = after + in(after) + 1;
  for (;;) {
    const auto local = next_local(expression, from);
    if (!local) return std::nullopt;
    const std::int64_t instant = instant_of(in, *local);
    if (instant > after) return instant;
    from = *local + 1;  // the clock has been put back, and shows it a second time
  }
}

}  // namespace patchferry::importer
