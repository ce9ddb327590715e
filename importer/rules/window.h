// SPDX-License-Identifier: Apache-2.0
// Maintenance windows: a calendar expression says when one opens, a length how long it stays open. Lengths are elapsed time,
// whatever clocks on the wall do meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "importer/rules/calendar_expression.h"

namespace patchferry::importer {

struct Window {
  std::string text;  // as it was typed
  CalendarExpression opens;
  std::int64_t seconds = 0;
  bool operator==(const Window&) const = default;
};

constexpr std::int64_t kMinWindow = 60;
constexpr std::int64_t kMaxWindow = 366 * 86400;

/// "Sat,Sun 02:00 4h": the length is the last word, such as 90min, 1h30min, 2d; at least a minute, at most 366 days. Refused: malformed.
Result<Window> parse_window(std::string_view text);

/// The first instant from `at` on at which one of them is open; `at` itself if there are none. nullopt: they open no more.
std::optional<std::int64_t> open_from(const std::vector<Window>& windows, const Zone& zone, std::int64_t at);

}  // namespace patchferry::importer
