// SPDX-License-Identifier: Apache-2.0
#include "importer/rules/rules.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>

namespace patchferry::importer {

namespace {

constexpr const char* kCountWords[] = {"release", "arrival"};                               // by CountFrom
constexpr const char* kChannelWords[] = {"default", "test", "unstable"};                    // by Channel
constexpr const char* kSeverityWords[] = {"critical", "high", "medium", "low", "unknown"};  // by Severity

template <class T>
std::optional<T> from_word(std::span<const char* const> words, std::string_view word) {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) return std::nullopt;
  return static_cast<T>(found - words.begin());
}

int digits(std::string_view text) {
  int out = 0;
  for (const char c : text) out = out * 10 + (c - '0');
  return out;
}

std::optional<Sticky> whole_day(const Date& date) {
  if (!is_valid(date)) return std::nullopt;
  return Sticky{to_text(date), date, 0};
}

std::string score_text(unsigned tenths) { return fmt::format("{}.{}", tenths / 10, tenths % 10); }

}  // namespace

const char* word_for(CountFrom from) { return kCountWords[static_cast<std::size_t>(from)]; }
const char* word_for(Channel channel) { return kChannelWords[static_cast<std::size_t>(channel)]; }
const char* word_for(Severity severity) { return kSeverityWords[static_cast<std::size_t>(severity)]; }
std::optional<CountFrom> count_from_word(std::string_view word) { return from_word<CountFrom>(kCountWords, word); }
std::optional<Channel> channel_from_word(std::string_view word) { return from_word<Channel>(kChannelWords, word); }
std::optional<Severity> severity_from_word(std::string_view word) { return from_word<Severity>(kSeverityWords, word); }

Severity severity_of(unsigned cvss_tenths) {
  return cvss_tenths >= 90   ? Severity::critical
         : cvss_tenths >= 70 ? Severity::high
         : cvss_tenths >= 40 ? Severity::medium
         : cvss_tenths > 0   ? Severity::low
                             : Severity::unknown;
}

std::optional<Sticky> parse_sticky(std::string_view text) {
  if (const auto date = date_from_text(text)) return whole_day(*date);
  const bool all_digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (all_digits && (text.size() == 6 || text.size() == 8)) {
    const int year = digits(text.substr(4));
    return whole_day({text.size() == 6 ? 2000 + year : year, digits(text.substr(2, 2)), digits(text.substr(0, 2))});
  }
  if (const auto name = parse_patchset_name(text)) return Sticky{name->text, name->released, name->number};
  return std::nullopt;
}

bool is_beyond(const Sticky& sticky, const PatchsetName& name) {
  if (name.released != sticky.date) return sticky.date < name.released;
  return sticky.number != 0 && sticky.number < name.number;
}

bool is_approver_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxApproverName && name.front() != ' ' && name.back() != ' ' &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::optional<Contradiction> contradiction_in(const Rules& rules, const PatchsetName* first, std::uint64_t now,
                                              const Zone& zone) {
  const Approval& approval = rules.approval;
  if (!approval.required && !approval.approvers.empty())
    return Contradiction{"--approver names who may approve, but the feed needs no approval",
                         "add --needs-approval, or leave it out"};
  const bool has_days =
      std::any_of(approval.after_days.begin(), approval.after_days.end(), [](const auto& d) { return d.has_value(); });
  if (!approval.required && has_days)
    return Contradiction{"--approve-after says when approval comes by itself, but the feed needs no approval",
                         "add --needs-approval; a plain delay is --deploy-after"};
  if (rules.count_from == CountFrom::arrived && !rules.follow.empty())
    return Contradiction{
        "--count-from arrival contradicts --follow " + rules.follow + ": then the delay counts from when that feed took it",
        "leave --count-from out"};
  if (rules.count_from == CountFrom::arrived && rules.delay_hours == 0)
    return Contradiction{"--count-from arrival says where the delay begins, but there is no delay", "add --deploy-after HOURS"};
  if (rules.sticky && first != nullptr && is_beyond(*rules.sticky, *first))
    return Contradiction{"--sticky " + rules.sticky->text + " is before the first release that is here, " + first->text,
                         "the feed could never take anything; name a later point"};
  const auto here = static_cast<std::int64_t>(now);
  for (const auto& window : rules.windows)
    if (!open_from({window}, zone, here))
      return Contradiction{"--window '" + window.text + "' never opens",
                           fmt::format("there is no such day from now until the year {}", kLastYear)};
  return std::nullopt;
}

std::string rules_text(const Rules& rules) {
  std::string out;
  const auto say = [&](const std::string& one) { out += (out.empty() ? "" : ", ") + one; };
  if (!rules.follow.empty()) {
    say(rules.delay_hours == 0 ? "follows " + rules.follow : fmt::format("{} h after {}", rules.delay_hours, rules.follow));
  } else if (rules.delay_hours != 0) {
    say(fmt::format("{} h after {}", rules.delay_hours, word_for(rules.count_from)));
  }
  if (rules.approval.required) say("approval");
  if (rules.urgent_tenths) say("urgent from " + score_text(*rules.urgent_tenths));
  if (rules.channel != Channel::stable) say(std::string("channel ") + word_for(rules.channel));
  if (rules.sticky) say("sticky " + rules.sticky->text);
  if (!rules.windows.empty())
    say(rules.windows.size() == 1 ? "window " + rules.windows.front().text : fmt::format("{} windows", rules.windows.size()));
  return out;
}

std::string rules_in_full(const Rules& rules) {
  std::string out;
  const auto say = [&](const std::string& one) { out += (out.empty() ? "--" : " --") + one; };
  if (rules.delay_hours != 0) {
    say(fmt::format("deploy-after {}", rules.delay_hours));
    if (rules.follow.empty()) say(std::string("count-from ") + word_for(rules.count_from));
  }
  if (!rules.follow.empty()) say("follow " + rules.follow);
  if (rules.channel != Channel::stable) say(std::string("channel ") + word_for(rules.channel));
  if (rules.sticky) say("sticky " + rules.sticky->text);
  if (rules.urgent_tenths) say("urgent " + score_text(*rules.urgent_tenths));
  if (rules.approval.required) say("needs-approval");
  for (std::size_t i = 0; i < kSeverities; ++i)
    if (const auto& days = rules.approval.after_days[i])
      say(fmt::format("approve-after {}={}", word_for(static_cast<Severity>(i)), *days));
  for (const auto& name : rules.approval.approvers) say("approver [" + name + "]");
  for (const auto& window : rules.windows) say("window [" + window.text + "]");
  return out.empty() ? "none" : out;
}

}  // namespace patchferry::importer
