// SPDX-License-Identifier: Apache-2.0
// The options that say what a feed takes by itself: the same for `feed add` and `feed change`.
#pragma once

#include <array>

#include "importer/rules/rules.h"
#include "terminal/command.h"

namespace patchferry::importer {

inline constexpr std::array kRuleOptions = {
    OptionSpec{"deploy-after", "take nothing before it is so many hours old; 0: at once", "HOURS"},
    OptionSpec{"count-from", "count them from the vendor's release (the default) or from arrival here", "release|arrival"},
    OptionSpec{"follow", "take only what this feed has enabled; the hours then count from when it did", "FEED|none"},
    OptionSpec{"channel", "take the vendor's test or unstable channel as well", "default|test|unstable"},
    OptionSpec{"sticky", "take nothing newer than a day or a patchset", "DATE|NAME|none"},
    OptionSpec{"urgent", "from this CVSS score on, hours, --follow and approval do not count", "CVSS|none"},
    OptionSpec{"needs-approval", "take nothing that nobody has approved ('patchferry approve')", nullptr},
    OptionSpec{"no-approval", "take what is not approved, too", nullptr},
    OptionSpec{"approve-after",
               "approval comes by itself, so many days after arrival; SEVERITY is critical, high, medium, low or unknown",
               "SEVERITY=DAYS|never", true},
    OptionSpec{"approver", "this person may approve, and those named likewise, and nobody else", "NAME", true},
    OptionSpec{"window", "the feed changes by itself only then: a calendar expression and a length, such as \"Sat,Sun 02:00 4h\"",
               "EXPR", true},
    OptionSpec{"no-windows", "the feed may change by itself at any time", nullptr},
};

/// Options of several sources in one row, as a CommandSpec wants them.
template <std::size_t... N>
constexpr auto joined(const std::array<OptionSpec, N>&... parts) {
  std::array<OptionSpec, (N + ...)> out{};
  std::size_t at = 0;
  const auto add = [&](const auto& part) {
    for (const auto& one : part) out[at++] = one;
  };
  (add(parts), ...);
  return out;
}

/// True if one of them was given.
bool has_rule_options(const Arguments& args);
/// `rules`, changed by what was given. UsageError: a value that has no meaning, options that exclude each other. Whether the rules go
/// together, check_rules() tells (feed_rules.h).
Rules with_options(Rules rules, const Arguments& args);

}  // namespace patchferry::importer
