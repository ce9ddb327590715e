// SPDX-License-Identifier: Apache-2.0
#include "importer/rules/judge.h"

#include <algorithm>
#include <fmt/format.h>

namespace patchferry::importer {

namespace {

constexpr const char* kWords[] = {"none",         "rejected", "sticky", "channel",
                                  "not-followed", "approval", "delay",  "window"};  // by Reason
constexpr std::uint64_t kDay = 86400;
constexpr std::uint64_t kEndOfTime = 253402300799;  // 9999-12-31 23:59:59

/// What lies in the future by this clock has no age yet.
bool is_over(std::uint64_t begin, std::uint64_t length, std::uint64_t now) { return (now > begin ? now - begin : 0) >= length; }

std::uint64_t released(const PatchsetName& name) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, days_since_1970(name.released))) * kDay;
}

std::uint64_t delay_begins(const Rules& rules, const Waiting& patchset) {
  if (!rules.follow.empty() && patchset.is_in_followed)
    return patchset.followed_since != 0 ? patchset.followed_since : patchset.arrived;
  return rules.count_from == CountFrom::released && rules.follow.empty() ? released(patchset.name) : patchset.arrived;
}

bool takes_channel(Channel channel, const std::string& of) {
  if (of == word_for(Channel::stable)) return true;
  if (of == word_for(Channel::test)) return channel != Channel::stable;
  return channel == Channel::unstable;
}

const std::optional<unsigned>& days_for(const Rules& rules, const Waiting& patchset) {
  return rules.approval.after_days[static_cast<std::size_t>(severity_of(patchset.cvss_tenths))];
}

std::string score_text(unsigned tenths) {
  if (tenths == 0) return "no known CVSS score";
  return fmt::format("CVSS {}.{}, {}", tenths / 10, tenths % 10, word_for(severity_of(tenths)));
}

std::string count(unsigned n, const char* unit) { return fmt::format("{} {}{}", n, unit, n == 1 ? "" : "s"); }

std::string because(Reason reason, const Rules& rules, const Waiting& patchset) {
  switch (reason) {
    case Reason::none: return "nothing speaks against it";
    case Reason::rejected: return "it was rejected";
    case Reason::sticky: return "it is newer than " + rules.sticky->text + ", where the feed is held";
    case Reason::channel:
      return "it is of channel " + patchset.channel + ", and the feed takes channel " + word_for(rules.channel);
    case Reason::not_followed: return "feed " + rules.follow + " does not have it enabled";
    case Reason::approval: {
      if (const auto& days = days_for(rules, patchset))
        return fmt::format("it needs approval, which comes by itself {} after it arrived ({})", count(*days, "day"),
                           score_text(patchset.cvss_tenths));
      return "it needs approval (" + score_text(patchset.cvss_tenths) + ")";
    }
    case Reason::delay:
      return count(rules.delay_hours, "hour") + (!rules.follow.empty() ? " after feed " + rules.follow + " took it"
                                                 : rules.count_from == CountFrom::released ? " after its release"
                                                                                           : " after it arrived");
    case Reason::window: return "the feed may change only then";
  }
  return "?";
}

}  // namespace

const char* word_for(Reason reason) { return kWords[static_cast<std::size_t>(reason)]; }

Verdict judge(const Rules& rules, const Waiting& patchset, std::uint64_t now, const Zone& zone) {
  if (patchset.rejected) return {Reason::rejected, {}, false};
  if (rules.sticky && is_beyond(*rules.sticky, patchset.name)) return {Reason::sticky, {}, false};
  if (!takes_channel(rules.channel, patchset.channel)) return {Reason::channel, {}, false};
  // However urgent it is: whoever took it out there has seen what it does.
  if (!rules.follow.empty() && patchset.is_out_of_followed) return {Reason::not_followed, {}, false};
  now = std::min(now, kEndOfTime);

  Verdict out;
  out.is_urgent = rules.urgent_tenths && patchset.cvss_tenths >= *rules.urgent_tenths;
  std::uint64_t due = now;
  if (!out.is_urgent) {
    if (!rules.follow.empty() && !patchset.is_in_followed) return {Reason::not_followed, {}, false};
    const auto wait = [&](Reason reason, std::uint64_t begin, std::uint64_t length) {
      if (is_over(begin, length, now)) return;
      // The one that ends last is the one to name.
      const std::uint64_t end = std::min(std::min(begin, kEndOfTime) + length, kEndOfTime);
      if (out.reason == Reason::none || end > due) {
        out.reason = reason;
        due = end;
      }
    };
    if (rules.approval.required && !patchset.approved) {
      const auto& days = days_for(rules, patchset);
      if (!days) return {Reason::approval, {}, false};
      wait(Reason::approval, patchset.arrived, *days * kDay);
    }
    if (rules.delay_hours != 0) wait(Reason::delay, delay_begins(rules, patchset), rules.delay_hours * std::uint64_t{3600});
  }
  const auto opens = open_from(rules.windows, zone, static_cast<std::int64_t>(due));
  if (!opens) {
    if (out.reason == Reason::none) out.reason = Reason::window;
    return out;
  }
  if (static_cast<std::uint64_t>(*opens) > now && out.reason == Reason::none) out.reason = Reason::window;
  if (out.reason != Reason::none) out.until = static_cast<std::uint64_t>(*opens);
  return out;
}

std::string sentence(const Verdict& verdict, const Rules& rules, const Waiting& patchset, const Zone& zone) {
  if (verdict.takes()) return "is taken: " + because(verdict.reason, rules, patchset);
  if (verdict.until) return "waits until " + local_text(zone, *verdict.until) + ": " + because(verdict.reason, rules, patchset);
  if (verdict.reason == Reason::window) return "stays out: the windows in which the feed may change open no more";
  return "stays out: " + because(verdict.reason, rules, patchset);
}

}  // namespace patchferry::importer
