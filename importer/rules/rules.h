// SPDX-License-Identifier: Apache-2.0
// What a feed takes by itself, and when. Rules bind imports, updates and `tick`; what a person does to a feed is done at once.
// docs/policy.md says the same to people.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bundle-format/patchset_name.h"
#include "importer/rules/window.h"

namespace patchferry::importer {

enum class CountFrom { released, arrived };  // released: 00:00 UTC of the date in the name
enum class Channel { stable, test, unstable };
enum class Severity { critical, high, medium, low, unknown };
constexpr std::size_t kSeverities = 5;

/// Nothing newer than this: a whole day, or a release of that day.
struct Sticky {
  std::string text;  // 2026-01-14, or the name
  Date date;
  unsigned number = 0;  // 0: the whole day
  bool operator==(const Sticky&) const = default;
};

/// Nothing is taken before a person has approved it, or as many days after its arrival as its severity has here.
struct Approval {
  bool required = false;
  std::array<std::optional<unsigned>, kSeverities> after_days;  // by Severity; none: never by itself
  std::vector<std::string> approvers;                           // none: anybody
  bool operator==(const Approval&) const = default;
};

struct Rules {
  unsigned delay_hours = 0;
  CountFrom count_from = CountFrom::released;
  std::string follow;  // another feed; "": none. What that has enabled, and the delay counts from then
  Channel channel = Channel::stable;
  std::optional<Sticky> sticky;
  std::optional<unsigned> urgent_tenths;  // a CVSS score from which on delay, follow and approval do not count
  Approval approval;
  std::vector<Window> windows;  // none: at any time
  bool operator==(const Rules&) const = default;
};

constexpr unsigned kMaxDelayHours = 10 * 365 * 24;
constexpr unsigned kMaxApprovalDays = 10 * 365;
constexpr std::size_t kMaxWindows = 32;
constexpr std::size_t kMaxApprovers = 64;
constexpr std::size_t kMaxApproverName = 64;

const char* word_for(CountFrom from);     // "release", "arrival"
const char* word_for(Channel channel);    // "default", "test", "unstable"
const char* word_for(Severity severity);  // "critical", …
std::optional<CountFrom> count_from_word(std::string_view word);
std::optional<Channel> channel_from_word(std::string_view word);
std::optional<Severity> severity_from_word(std::string_view word);

/// Critical from 9.0 on, high from 7.0, medium from 4.0, low above 0; 0 is unknown.
Severity severity_of(unsigned cvss_tenths);

/// DDMMYY, DDMMYYYY, YYYY-MM-DD, or the name of a patchset. nullopt: none of these.
std::optional<Sticky> parse_sticky(std::string_view text);
/// True if it is newer than the sticky point allows.
bool is_beyond(const Sticky& sticky, const PatchsetName& name);

/// Printable, without blanks at its ends, at most kMaxApproverName characters.
bool is_approver_name(std::string_view name);

/// Rules that cannot be meant together, or never let anything through.
struct Contradiction {
  std::string text;  // names both
  std::string hint;
};
/// `first`: the oldest release that is here; null: none is.
std::optional<Contradiction> contradiction_in(const Rules& rules, const PatchsetName* first, std::uint64_t now, const Zone& zone);

/// In one line: "24 hours after release, needs approval"; "" if there are no rules.
std::string rules_text(const Rules& rules);
/// All of them, as the options that make them, in the audit log: "--deploy-after 24 --count-from release --window [daily 2h]"; "none".
std::string rules_in_full(const Rules& rules);

}  // namespace patchferry::importer
