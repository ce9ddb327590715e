// SPDX-License-Identifier: Apache-2.0
// What the rules of a feed make of a patchset, at which time.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "importer/rules/judge.h"
#include "importer/rules/rules_json.h"
#include "tests/in_zone.h"

using namespace patchferry;
using namespace patchferry::importer;
using patchferry::test::InZone;

namespace {

constexpr std::uint64_t kHour = 3600;
constexpr std::uint64_t kDay = 24 * kHour;
constexpr std::uint64_t kReleased = 1767571200;  // 2026-01-05 00:00, a Monday

Waiting patchset(const std::string& name = "K20260105_01") {
  Waiting out;
  out.name = parse_patchset_name(name).value();
  out.arrived = kReleased + 3 * kDay;
  return out;
}

Window window(const std::string& text) { return parse_window(text).value(); }

/// "take", "delay 2026-01-06 00:00 UTC", "sticky": the reason, and until when.
std::string judged(const Rules& rules, const Waiting& p, std::uint64_t now, const Zone& zone = utc_zone()) {
  const Verdict verdict = judge(rules, p, now, zone);
  if (verdict.takes()) return "take";
  return std::string(word_for(verdict.reason)) + (verdict.until ? " " + local_text(zone, *verdict.until) : "");
}

Rules delayed(unsigned hours, CountFrom from = CountFrom::released) {
  Rules rules;
  rules.delay_hours = hours;
  rules.count_from = from;
  return rules;
}

}  // namespace

TEST_CASE("without rules, everything is taken at once, however wrong the clock is") {
  for (const std::uint64_t now : {std::uint64_t{0}, kReleased, std::uint64_t{253402300799}, ~std::uint64_t{0}}) {
    INFO(now);
    CHECK(judged({}, patchset(), now) == "take");
  }
}

TEST_CASE("a delay counts from the release or from arrival, to the second") {
  const auto p = patchset();
  CHECK(judged(delayed(24), p, kReleased + kDay - 1) == "delay 2026-01-06 00:00 UTC");
  CHECK(judged(delayed(24), p, kReleased + kDay) == "take");
  CHECK(judged(delayed(24, CountFrom::arrived), p, p.arrived + kDay - 1) == "delay 2026-01-09 00:00 UTC");
  CHECK(judged(delayed(24, CountFrom::arrived), p, p.arrived + kDay) == "take");
  // What is old already does not wait again where everything has just arrived.
  auto old = patchset("K16012017_1");
  old.arrived = kReleased;
  CHECK(judged(delayed(48), old, kReleased) == "take");
  CHECK(judged(delayed(48, CountFrom::arrived), old, kReleased) == "delay 2026-01-07 00:00 UTC");
}

TEST_CASE("a clock that was moved backwards makes things younger, never negative") {
  auto p = patchset();
  p.arrived = kReleased + 1000 * kDay;
  CHECK(judged(delayed(1, CountFrom::arrived), p, kReleased) == "delay 2028-10-01 01:00 UTC");
  CHECK(judged(delayed(1, CountFrom::arrived), p, 0) == "delay 2028-10-01 01:00 UTC");
  CHECK(judged(delayed(0), p, 0) == "take");
  p.arrived = ~std::uint64_t{0};
  CHECK(judged(delayed(kMaxDelayHours, CountFrom::arrived), p, kReleased) == "delay 9999-12-30 23:59 UTC");
  Rules approval;
  approval.approval.required = true;
  approval.approval.after_days.fill(0);
  CHECK(judged(approval, p, 0) == "take");
}

TEST_CASE("nothing newer than the sticky point") {
  struct Case {
    const char* sticky;
    const char* name;
    bool taken;
  };
  const Case cases[] = {
      {"2026-01-14", "K20260114_01", true},    {"2026-01-14", "K20260114_99", true},   {"2026-01-14", "K20260115_01", false},
      {"140126", "K20260114_02", true},        {"140126", "K20260115_01", false},      {"14012026", "K20260114_02", true},
      {"14012026", "K15012026_1", false},      {"K20260114_02", "K20260114_02", true}, {"K20260114_02", "K20260114_03", false},
      {"K20260114_02", "K20260114_10", false}, {"K20260114_10", "K20260114_9", true},  {"K20260114_02", "U20260114_02", true},
      {"K20260114_02", "U20260114_03", false}, {"K20260114_02", "K31122025_9", true},
  };
  for (const auto& [sticky, name, taken] : cases) {
    INFO(sticky << " " << name);
    Rules rules;
    rules.sticky = parse_sticky(sticky);
    REQUIRE(rules.sticky);
    CHECK(judged(rules, patchset(name), kReleased) == (taken ? "take" : "sticky"));
  }
  for (const char* wrong : {"", "14", "310226", "32012026", "2026-02-30", "20260114", "K20260230_01", "KEY", "14012126x"}) {
    INFO(wrong);
    CHECK_FALSE(parse_sticky(wrong));
  }
}

TEST_CASE("a feed takes its channel and the steadier ones") {
  for (const Channel channel : {Channel::stable, Channel::test, Channel::unstable}) {
    Rules rules;
    rules.channel = channel;
    auto p = patchset();
    const auto taken = [&](const char* of) {
      p.channel = of;
      return judged(rules, p, kReleased) == "take";
    };
    CHECK(taken("default"));
    CHECK(taken("test") == (channel != Channel::stable));
    CHECK(taken("unstable") == (channel == Channel::unstable));
    CHECK(taken("something new") == (channel == Channel::unstable));
  }
}

TEST_CASE("a feed that follows another takes what that has, a while after it got there") {
  Rules rules = delayed(7 * 24);
  rules.follow = "test";
  auto p = patchset();
  CHECK(judged(rules, p, kReleased + 100 * kDay) == "not-followed");
  p.is_in_followed = true;
  p.followed_since = kReleased + 10 * kDay;
  CHECK(judged(rules, p, kReleased + 17 * kDay - 1) == "delay 2026-01-22 00:00 UTC");
  CHECK(judged(rules, p, kReleased + 17 * kDay) == "take");
  p.followed_since = 0;  // from before that was written down
  CHECK(judged(rules, p, p.arrived + 7 * kDay - 1) == "delay 2026-01-15 00:00 UTC");
  CHECK(judged(rules, p, p.arrived + 7 * kDay) == "take");
}

TEST_CASE("approval comes from a person, or by itself after the days that the severity has") {
  Rules rules;
  rules.approval.required = true;
  rules.approval.after_days = {1, 7, 30, std::nullopt, std::nullopt};
  struct Case {
    unsigned tenths;
    const char* severity;
    unsigned days;  // 0: never
  };
  const Case cases[] = {{100, "critical", 1}, {90, "critical", 1}, {89, "high", 7}, {70, "high", 7},  {69, "medium", 30},
                        {40, "medium", 30},   {39, "low", 0},      {1, "low", 0},   {0, "unknown", 0}};
  for (const auto& [tenths, severity, days] : cases) {
    INFO(tenths);
    CHECK(std::string(word_for(severity_of(tenths))) == severity);
    auto p = patchset();
    p.cvss_tenths = tenths;
    if (days == 0) {
      CHECK(judged(rules, p, p.arrived + 10000 * kDay) == "approval");
    } else {
      CHECK(judged(rules, p, p.arrived + days * kDay - 1) == "approval " + local_text(utc_zone(), p.arrived + days * kDay));
      CHECK(judged(rules, p, p.arrived + days * kDay) == "take");
    }
    p.approved = true;
    CHECK(judged(rules, p, p.arrived) == "take");
    p.rejected = true;
    CHECK(judged(rules, p, p.arrived + 10000 * kDay) == "rejected");
  }
}

TEST_CASE("what is urgent skips delay, follow and approval, and nothing else") {
  Rules rules = delayed(48);
  rules.follow = "test";
  rules.approval.required = true;
  rules.urgent_tenths = 90;
  auto p = patchset();
  p.cvss_tenths = 89;
  CHECK(judged(rules, p, p.arrived) == "not-followed");
  p.cvss_tenths = 90;
  CHECK(judged(rules, p, p.arrived) == "take");
  rules.windows = {window("Sat 02:00 4h")};
  CHECK(judged(rules, p, p.arrived) == "window 2026-01-10 02:00 UTC");
  rules.windows.clear();
  p.channel = "test";
  CHECK(judged(rules, p, p.arrived) == "channel");
  p.channel = "default";
  rules.sticky = parse_sticky("2026-01-04");
  CHECK(judged(rules, p, p.arrived) == "sticky");
  rules.sticky.reset();
  p.rejected = true;
  CHECK(judged(rules, p, p.arrived) == "rejected");
}

TEST_CASE("of several things to wait for, the last one is named, and the window that opens then") {
  Rules rules = delayed(10 * 24);  // until the 15th, a Thursday
  rules.approval.required = true;
  rules.approval.after_days.fill(2);  // until the 10th
  rules.windows = {window("Sat 02:00 4h"), window("Wed 22:00 30min")};
  auto p = patchset();
  CHECK(judged(rules, p, p.arrived) == "delay 2026-01-17 02:00 UTC");
  rules.approval.after_days.fill(5);
  rules.delay_hours = 24;
  CHECK(judged(rules, p, p.arrived) == "approval 2026-01-14 22:00 UTC");
  CHECK(judged(rules, p, p.arrived + 30 * kDay) == "window 2026-02-07 02:00 UTC");
  CHECK(judged(rules, p, kReleased + 12 * kDay + 3 * kHour) == "take");
}

TEST_CASE("a window is open from its beginning for its length, which daylight saving does not change") {
  struct Case {
    const char* zone;
    const char* text;
    std::uint64_t now;
    const char* wanted;
  };
  const Case cases[] = {
      {"UTC", "Sat,Sun 02:00 4h", kReleased + 5 * kDay + 2 * kHour - 1, "window 2026-01-10 02:00 UTC"},
      {"UTC", "Sat,Sun 02:00 4h", kReleased + 5 * kDay + 2 * kHour, "take"},
      {"UTC", "Sat,Sun 02:00 4h", kReleased + 5 * kDay + 6 * kHour - 1, "take"},
      {"UTC", "Sat,Sun 02:00 4h", kReleased + 5 * kDay + 6 * kHour, "window 2026-01-11 02:00 UTC"},
      {"UTC", "Mon 00:00 7d", kReleased + 100 * kDay + 1, "take"},
      {"UTC", "*-*-* 23:00 2h30min", kReleased + kHour, "take"},
      // 29 March: 01:00 to 05:00 by length is 01:00 CET to 06:00 CEST.
      {"Europe/Berlin", "*-*-* 01:00 4h", 1774756800 - 1, "take"},                        // 05:59:59
      {"Europe/Berlin", "*-*-* 01:00 4h", 1774756800, "window 2026-03-30 01:00 +02:00"},  // 06:00
      {"Europe/Berlin", "*-*-* 02:30 1h", 1774746000 - 1, "window 2026-03-29 03:00 +02:00"},
      {"Europe/Berlin", "*-*-* 02:30 1h", 1774746000 + kHour - 1, "take"},
      // 25 October: 02:30 comes twice, the window once.
      {"Europe/Berlin", "*-*-* 02:30 1h", 1792888200, "take"},                                    // the first one
      {"Europe/Berlin", "*-*-* 02:30 1h", 1792888200 + kHour, "window 2026-10-26 02:30 +01:00"},  // the second one
      {"Australia/Sydney", "*-*-* 02:30 1h", 1791043200, "take"},  // 4 October, when the clock has jumped to 03:00
      {"Australia/Sydney", "*-*-* 02:30 1h", 1791043200 - 1, "window 2026-10-04 03:00 +11:00"},
      {"Europe/Berlin", "12:00 UTC 1h", kReleased + 12 * kHour, "take"},
  };
  for (const auto& [zone, text, now, wanted] : cases) {
    INFO(zone << " " << text << " " << now);
    const InZone there(zone);
    Rules rules;
    rules.windows = {window(text)};
    CHECK(judged(rules, patchset(), now, machine_zone()) == wanted);
  }
  Rules past;
  past.windows = {window("2025-12-24 00:00 1d")};
  CHECK(judged(past, patchset(), kReleased) == "window");
  CHECK(judged(past, patchset(), 0) == "window 2025-12-24 00:00 UTC");
}

TEST_CASE("a window needs a beginning and a length that can be meant") {
  for (const char* wrong : {"", "4h", "Sat 02:00", "Sat 02:00 ", "Sat 02:00 4", "Sat 02:00 4x", "Sat 02:00 59s", "Sat 02:00 367d",
                            "Sat 02:00 99999999999h", "Sat 02:00 -1h", "Sat 02:00 h", "Sat..Mon 02:00 4h"}) {
    INFO(wrong);
    CHECK_FALSE(parse_window(wrong));
  }
  CHECK(window("daily 1h30min").seconds == 5400);
  CHECK(window("Sat,Sun 02:00 UTC 90min").seconds == 5400);
  CHECK(window("Sat,Sun 02:00 UTC 90min").opens.utc);
}

TEST_CASE("a year passes: each release is taken once, in the first open window after its delay, and never untaken") {
  const InZone there("Europe/Berlin");
  const Zone zone = machine_zone();
  Rules rules = delayed(48);
  rules.windows = {window("Sat,Sun 02:30 3h"), window("Wed 22:00 90min")};
  std::vector<Waiting> all;
  for (unsigned month = 1; month <= 12; ++month)
    for (const unsigned day : {1U, 9U, 17U, 25U}) {
      all.push_back(patchset(fmt::format("K2026{:02}{:02}_01", month, day)));
      all.back().arrived = static_cast<std::uint64_t>(days_since_1970(all.back().name.released)) * kDay;
    }
  std::vector<std::uint64_t> taken(all.size(), 0), promised(all.size(), 0);
  const std::uint64_t begin = kReleased - 4 * kDay;
  for (std::uint64_t now = begin; now < begin + 372 * kDay; now += 600) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (taken[i] != 0 || all[i].arrived > now) continue;
      const Verdict verdict = judge(rules, all[i], now, zone);
      if (verdict.takes()) {
        taken[i] = now;
        continue;
      }
      REQUIRE(verdict.until);
      CHECK((promised[i] == 0 || promised[i] == *verdict.until));  // what was said first stays true
      promised[i] = *verdict.until;
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO(all[i].name.text);
    CHECK(taken[i] >= all[i].arrived + 48 * kHour);
    CHECK(taken[i] == promised[i]);
    CHECK(taken[i] <= all[i].arrived + 48 * kHour + 4 * kDay);
    const std::string when = local_text(zone, taken[i]);
    // At the opening of a window, or within one when the delay has ended: that is at 01:00 or 02:00 local time, so never.
    const bool at_opening = when.find("02:30") != std::string::npos || when.find("22:00") != std::string::npos ||
                            when.find("2026-03-29 03:00") != std::string::npos;
    CHECK(at_opening);
  }
}

TEST_CASE("verdicts are sentences") {
  const auto p = patchset();
  const auto say = [&](const Rules& rules, std::uint64_t now) {
    return sentence(judge(rules, p, now, utc_zone()), rules, p, utc_zone());
  };
  CHECK(say(delayed(24), kReleased) == "waits until 2026-01-06 00:00 UTC: 24 hours after its release");
  CHECK(say(delayed(1, CountFrom::arrived), kReleased + 3 * kDay) == "waits until 2026-01-08 01:00 UTC: 1 hour after it arrived");
  Rules approval;
  approval.approval.required = true;
  CHECK(say(approval, kReleased) == "stays out: it needs approval (no known CVSS score)");
  Rules follow;
  follow.follow = "test";
  CHECK(say(follow, kReleased) == "stays out: feed test does not have it enabled");
}

TEST_CASE("rules are kept as one text, and nothing else is read") {
  Rules rules = delayed(24);
  rules.follow = "test";
  rules.channel = Channel::unstable;
  rules.sticky = parse_sticky("140126");
  rules.approval.required = true;
  rules.approval.after_days = {0, 7, std::nullopt, 3650, std::nullopt};
  rules.approval.approvers = {"ann", "bob"};
  rules.windows = {window("Sat,Sun 02:00 4h"), window("weekly UTC 1d")};
  for (unsigned tenths = 1; tenths <= 100; ++tenths) {
    rules.urgent_tenths = tenths;
    const std::string text = encode_rules(rules);
    const auto back = decode_rules(text);
    INFO(text);
    REQUIRE(back);
    CHECK(*back == rules);
    CHECK(encode_rules(*back) == text);
  }
  const std::string text = encode_rules(rules);
  for (std::size_t cut = 0; cut < text.size(); ++cut) CHECK_FALSE(decode_rules(text.substr(0, cut)));
  CHECK_FALSE(decode_rules(text + " "));
  CHECK(decode_rules(encode_rules({})) == Rules());
  CHECK_FALSE(decode_rules("{}"));
  for (const auto& [from, to] :
       {std::pair{"\"delay_hours\":24", "\"delay_hours\":-1"}, std::pair{"\"delay_hours\":24", "\"delay_hours\":87601"},
        std::pair{"\"urgent\":10.0", "\"urgent\":10.1"}, std::pair{"\"urgent\":10.0", "\"urgent\":1e300"},
        std::pair{"\"channel\":\"unstable\"", "\"channel\":\"weird\""},
        std::pair{"\"sticky\":\"2026-01-14\"", "\"sticky\":\"140126\""}, std::pair{"\"low\":3650", "\"low\":3651"},
        std::pair{"\"low\":3650", "\"lowest\":3650"}, std::pair{"\"ann\"", "\" ann\""},
        std::pair{"Sat,Sun 02:00 4h", "Sat,Sun 02:00"}}) {
    std::string changed = text;
    const auto begin = changed.find(from);
    INFO(from << " in " << text);
    REQUIRE(begin != std::string::npos);
    changed.replace(begin, std::string(from).size(), to);
    const auto read = decode_rules(changed);
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == RefusalKind::malformed);
  }
}

TEST_CASE("rules that contradict each other are named, both of them") {
  const auto first = parse_patchset_name("K20260105_02").value();
  const auto found = [&](const Rules& rules, const PatchsetName* oldest = nullptr) {
    const auto contradiction = contradiction_in(rules, oldest, kReleased, utc_zone());
    return contradiction ? contradiction->text : "";
  };
  CHECK(found({}).empty());
  CHECK(found(delayed(24, CountFrom::arrived)).empty());
  CHECK(found(delayed(0, CountFrom::arrived)).find("there is no delay") != std::string::npos);
  Rules rules = delayed(24, CountFrom::arrived);
  rules.follow = "test";
  CHECK(found(rules).find("--follow test") != std::string::npos);
  rules = {};
  rules.approval.approvers = {"ann"};
  CHECK(found(rules).find("needs no approval") != std::string::npos);
  rules.approval.required = true;
  CHECK(found(rules).empty());
  rules = {};
  rules.approval.after_days[0] = 1;
  CHECK(found(rules).find("--approve-after") != std::string::npos);
  rules = {};
  rules.sticky = parse_sticky("K20260105_01");
  CHECK(found(rules, &first).find("K20260105_02") != std::string::npos);
  CHECK(found(rules).empty());
  rules.sticky = parse_sticky("2026-01-05");
  CHECK(found(rules, &first).empty());
  rules = {};
  rules.windows = {window("*-02-30 00:00 1h")};
  CHECK(found(rules).find("never opens") != std::string::npos);
  rules.windows = {window("daily 1h"), window("2025-01-01 1h")};
  CHECK(found(rules).find("2025-01-01 1h") != std::string::npos);
}
