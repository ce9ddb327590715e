// SPDX-License-Identifier: Apache-2.0
#include "importer/rules/window.h"

#include <algorithm>

namespace patchferry::importer {

namespace {

struct Unit {
  const char* name;
  std::int64_t seconds;
};
constexpr Unit kUnits[] = {{"s", 1},        {"sec", 1},     {"m", 60},        {"min", 60},      {"h", 3600},
                           {"hr", 3600},    {"hour", 3600}, {"hours", 3600},  {"d", 86400},     {"day", 86400},
                           {"days", 86400}, {"w", 604800},  {"week", 604800}, {"weeks", 604800}};

/// "4h", "1h30min".
std::optional<std::int64_t> length_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    std::size_t digits = 0;
    std::int64_t number = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && digits < 9)
      number = number * 10 + (text[digits++] - '0');
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') ++letters;
    const auto* unit =
        std::find_if(std::begin(kUnits), std::end(kUnits), [&](const Unit& one) { return one.name == text.substr(0, letters); });
    if (unit == std::end(kUnits)) return std::nullopt;
    text.remove_prefix(letters);
    total += number * unit->seconds;
    if (total > kMaxWindow) return kMaxWindow + 1;
  }
  return total;
}

}  // namespace

Result<Window> parse_window(std::string_view text) {
  constexpr const char* kHint = "a window is a calendar expression and a length, such as \"Sat,Sun 02:00 4h\"";
  if (text.size() > kMaxCalendarText) return refuse(RefusalKind::malformed, "a window's text is too long", kHint);
  const auto blank = text.rfind(' ');
  const auto length = length_of(blank == std::string_view::npos ? text : text.substr(blank + 1));
  if (!length || blank == std::string_view::npos)
    return refuse(RefusalKind::malformed, length ? "a window needs to know when it opens" : "a window needs a length at its end",
                  kHint);
  if (*length < kMinWindow) return refuse(RefusalKind::malformed, "a window is open for a minute at least", kHint);
  if (*length > kMaxWindow) return refuse(RefusalKind::malformed, "a window is open for 366 days at most", kHint);
  auto opens = parse_calendar(text.substr(0, blank));
  if (!opens) {
    opens.error().hint = kHint;
    return tl::unexpected(std::move(opens.error()));
  }
  return Window{std::string(text), std::move(*opens), *length};
}

std::optional<std::int64_t> open_from(const std::vector<Window>& windows, const Zone& zone, std::int64_t at) {
  if (windows.empty()) return at;
  std::optional<std::int64_t> first;
  for (const auto& window : windows) {
    // Still open if it has opened less than its length ago.
    const auto opens = next_after(window.opens, zone, at - window.seconds);
    if (opens && (!first || *opens < *first)) first = opens;
  }
  if (!first) return std::nullopt;
  return std::max(*first, at);
}

}  // namespace patchferry::importer
