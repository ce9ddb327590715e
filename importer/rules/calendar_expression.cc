// SPDX-License-Identifier: Apache-2.0
// What a text means. When it comes next is in calendar_search.cc.
#include "importer/rules/calendar_expression.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace patchferry::importer {

namespace {

constexpr std::array<const char*, 7> kDays = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
constexpr std::array<const char*, 7> kShortDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

struct Shorthand {
  const char* word;
  const char* meaning;
};
constexpr Shorthand kShorthands[] = {
    {"minutely", "*-*-* *:*:00"},
    {"hourly", "*-*-* *:00:00"},
    {"daily", "*-*-* 00:00:00"},
    {"weekly", "Mon *-*-* 00:00:00"},
    {"monthly", "*-*-01 00:00:00"},
    {"quarterly", "*-01,04,07,10-01 00:00:00"},
    {"semiannually", "*-01,07-01 00:00:00"},
    {"semi-annually", "*-01,07-01 00:00:00"},
    {"biannually", "*-01,07-01 00:00:00"},
    {"bi-annually", "*-01,07-01 00:00:00"},
    {"yearly", "*-01-01 00:00:00"},
    {"annually", "*-01-01 00:00:00"},
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Reads one text from left to right; the first thing that is wrong ends it.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool read(CalendarExpression& out) {
    if (!rest_.empty() && is_letter(rest_.front()) && !weekdays(out.weekdays)) return false;
    if (rest_.empty()) {
      if (out.weekdays == 0) return fail("it is empty");
      return at_midnight(out);
    }
    // A date has a '-' or '~' before the first ':'.
    const auto word = rest_.substr(0, rest_.find(' '));
    if (word.find(':') == std::string_view::npos) {
      if (!date(out)) return false;
      if (rest_.empty()) return at_midnight(out);
      if (!take(' ')) return fail("a blank is needed after the date");
    }
    return time(out) && (rest_.empty() || fail(fmt::format("'{}' is not understood", rest_)));
  }
  const std::string& why() const { return why_; }

 private:
  bool fail(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    return false;
  }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  static bool at_midnight(CalendarExpression& out) {
    out.hour = out.minute = out.second = {{0}};
    return true;
  }

  std::optional<unsigned> weekday() {
    std::size_t length = 0;
    while (length < rest_.size() && is_letter(rest_[length])) ++length;
    const std::string word = lower(rest_.substr(0, length));
    for (unsigned i = 0; i < kDays.size(); ++i)
      if (word == kDays[i] || word == std::string_view(kDays[i]).substr(0, 3)) {
        rest_.remove_prefix(length);
        return i;
      }
    fail(fmt::format("'{}' is no day of the week", rest_.substr(0, length)));
    return std::nullopt;
  }

  bool weekdays(unsigned& out) {
    for (;;) {
      const auto first = weekday();
      if (!first) return false;
      auto last = first;
      if (rest_.starts_with("..")) {
        rest_.remove_prefix(2);
        last = weekday();
        if (!last) return false;
        if (*last < *first) return fail("a week begins with Monday: write such a range as two");
      }
      for (unsigned i = *first; i <= *last; ++i) out |= 1U << i;
      if (rest_.empty()) return true;
      if (take(' ')) return !rest_.empty() || fail("a blank stands at its end");
      if (!take(',')) return fail(fmt::format("'{}' is not understood", rest_));
    }
  }

  std::optional<int> number() {
    std::size_t length = 0;
    int value = 0;
    while (length < rest_.size() && is_digit(rest_[length]) && length < 5) value = value * 10 + (rest_[length++] - '0');
    if (length == 0 || length > 4) {
      fail(rest_.empty() ? "a number is missing at its end" : fmt::format("a number is needed at '{}'", rest_));
      return std::nullopt;
    }
    rest_.remove_prefix(length);
    return value;
  }

  bool field(CalendarField& out) {
    if (take('*')) return true;
    do {
      CalendarRange one;
      const auto start = number();
      if (!start) return false;
      one.start = *start;
      if (rest_.starts_with("..")) {
        rest_.remove_prefix(2);
        const auto stop = number();
        if (!stop) return false;
        one.stop = *stop;
        one.repeat = 1;
      }
      if (take('/')) {
        const auto repeat = number();
        if (!repeat) return false;
        if (*repeat == 0) return fail("nothing repeats every 0");
        one.repeat = *repeat;
      }
      out.push_back(one);
      if (out.size() > kMaxCalendarList) return fail("a list is too long");
    } while (take(','));
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return true;
  }

  /// As systemd has it: a range is not empty, and a repetition happens at least once.
  bool in_bounds(const CalendarField& all, const char* what, int from, int to, bool from_month_end = false) {
    if (from_month_end) to -= 3;  // every month has these
    for (const auto& one : all) {
      if (one.start < from || one.start > to || one.stop > to || (one.stop >= 0 && one.stop < from))
        return fail(fmt::format("{} is from {} to {}", what, from, to));
      if (one.stop >= 0 && one.start + one.repeat > one.stop)
        return fail(fmt::format("the range {}..{} is empty or runs backwards", one.start, one.stop));
      if (one.stop < 0 && one.repeat > 0 && (from_month_end ? one.start - one.repeat < from : one.start + one.repeat > to))
        return fail(fmt::format("{}/{} does not repeat", one.start, one.repeat));
    }
    return true;
  }

  bool date(CalendarExpression& out) {
    CalendarField first, second, third;
    const auto separator = [&] { return out.from_month_end = take('~'), out.from_month_end || take('-'); };
    if (!field(first)) return false;
    if (!separator()) return fail("a date is YYYY-MM-DD or MM-DD, with * for any");
    if (!field(second)) return false;
    if (!out.from_month_end && separator()) {
      if (!field(third)) return false;
      out.year = std::move(first);
      out.month = std::move(second);
      out.day = std::move(third);
    } else {
      out.month = std::move(first);
      out.day = std::move(second);
    }
    for (auto& one : out.year) {
      one.start = full_year(one.start);
      if (one.stop >= 0) one.stop = full_year(one.stop);
    }
    std::sort(out.year.begin(), out.year.end());
    out.year.erase(std::unique(out.year.begin(), out.year.end()), out.year.end());
    if (out.day.empty()) out.from_month_end = false;  // any day is any day
    return in_bounds(out.year, "a year", 1970, kLastYear) && in_bounds(out.month, "a month", 1, 12) &&
           in_bounds(out.day, out.from_month_end ? "a day before the end of the month" : "a day", 1, 31, out.from_month_end);
  }
  static int full_year(int year) { return year < 70 ? year + 2000 : year < 100 ? year + 1900 : year; }

  bool time(CalendarExpression& out) {
    if (!field(out.hour)) return false;
    if (!take(':')) return fail("a time is HH:MM or HH:MM:SS");
    if (!field(out.minute)) return false;
    if (take(':')) {
      if (!field(out.second)) return false;
      if (!rest_.empty() && rest_.front() == '.') return fail("seconds are whole numbers here");
    } else {
      out.second = {{0}};
    }
    return in_bounds(out.hour, "an hour", 0, 23) && in_bounds(out.minute, "a minute", 0, 59) &&
           in_bounds(out.second, "a second", 0, 59);
  }

  std::string_view rest_;
  std::string why_;
};

std::string field_text(const CalendarField& field, int width) {
  if (field.empty()) return "*";
  std::string out;
  for (const auto& one : field) {
    out += fmt::format("{}{:0{}}", out.empty() ? "" : ",", one.start, width);
    if (one.stop >= 0) out += fmt::format("..{:0{}}", one.stop, width);
    if (one.repeat > 0 && !(one.stop >= 0 && one.repeat == 1)) out += fmt::format("/{}", one.repeat);
  }
  return out;
}

std::string weekdays_text(unsigned days) {
  std::string out;
  for (unsigned i = 0; i < 7; ++i) {
    if ((days >> i & 1U) == 0) continue;
    unsigned last = i;
    while (last < 6 && (days >> (last + 1) & 1U) != 0) ++last;
    out += fmt::format("{}{}", out.empty() ? "" : ",", kShortDays[i]);
    if (last >= i + 2) {
      out += fmt::format("..{}", kShortDays[last]);
      i = last;
    }
  }
  return out;
}

}  // namespace

Result<CalendarExpression> parse_calendar(std::string_view text) {
  if (text.size() > kMaxCalendarText) return refuse(RefusalKind::malformed, "a calendar expression is too long");
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!is_plain) return refuse(RefusalKind::malformed, "a calendar expression has characters that none has");
  CalendarExpression out;
  std::string_view rest = text;
  const bool utc = rest.size() > 4 && lower(rest.substr(rest.size() - 4)) == " utc";
  if (utc) rest.remove_suffix(4);
  const std::string word = lower(rest);
  for (const auto& one : kShorthands)
    if (word == one.word) rest = one.meaning;
  Reader reader(rest);
  if (!reader.read(out))
    return refuse(RefusalKind::malformed, "no calendar expression '" + std::string(text) + "': " + reader.why());
  if (out.weekdays == 0x7f) out.weekdays = 0;
  out.utc = utc;
  return out;
}

std::string to_text(const CalendarExpression& e) {
  return fmt::format("{}{}{}-{}{}{} {}:{}:{}{}", weekdays_text(e.weekdays), e.weekdays != 0 ? " " : "", field_text(e.year, 4),
                     field_text(e.month, 2), e.from_month_end ? '~' : '-', field_text(e.day, 2), field_text(e.hour, 2),
                     field_text(e.minute, 2), field_text(e.second, 2), e.utc ? " UTC" : "");
}

}  // namespace patchferry::importer
