// SPDX-License-Identifier: Apache-2.0
#include "terminal/size.h"

#include <charconv>

#include <cmath>
#include <string>

namespace patchferry {

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto end = text.find_first_not_of("0123456789.");
  const std::string digits(text.substr(0, end));
  std::string_view unit = end == std::string_view::npos ? std::string_view() : text.substr(end);
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  if (digits.empty() || digits.front() == '.' || digits.back() == '.' || digits.find('.') != digits.rfind('.') ||
      digits.size() > 18)
    return std::nullopt;
  double factor = 1;
  if (!unit.empty() && unit != "B" && unit != "bytes") {
    static constexpr std::string_view kPrefixes = "kMGT";
    const char first = unit.front() == 'K' ? 'k' : unit.front();
    const auto power = kPrefixes.find(first);
    if (power == std::string_view::npos) return std::nullopt;
    unit.remove_prefix(1);
    if (unit != "B" && unit != "iB" && !unit.empty()) return std::nullopt;
    factor = std::pow(unit == "B" ? 1000.0 : 1024.0, static_cast<double>(power) + 1);
  }
  const double value = std::stod(digits) * factor;
  if (value < 1 || value > 1e18) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > most) return std::nullopt;
  return number;
}

}  // namespace patchferry
