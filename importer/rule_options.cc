// SPDX-License-Identifier: Apache-2.0
#include "importer/rule_options.h"

#include <algorithm>
#include <fmt/format.h>

#include "system/failure.h"
#include "system/rel_path.h"
#include "terminal/size.h"

namespace patchferry::importer {

namespace {

constexpr const char* kUnchanged = "nothing has been changed";

[[noreturn]] void no_value(const char* option, const char* takes, const std::string& given) {
  throw UsageError(fmt::format("--{} takes {}, not '{}'", option, takes, printable(given)), kUnchanged);
}

void exclude(const Arguments& args, const char* one, const char* other) {
  if (args.has(one) && args.has(other))
    throw UsageError(fmt::format("--{} and --{} contradict each other", one, other), "leave one of them out");
}

/// "9.0", "9", "10": tenths from 1 to 100.
std::optional<unsigned> tenths_of(const std::string& text) {
  const auto point = text.find('.');
  const auto whole = parse_number(text.substr(0, point), 10);
  if (!whole) return std::nullopt;
  std::uint64_t tenths = *whole * 10;
  if (point != std::string::npos) {
    const auto rest = text.size() == point + 2 ? parse_number(text.substr(point + 1), 9) : std::nullopt;
    if (!rest) return std::nullopt;
    tenths += *rest;
  }
  if (tenths < 1 || tenths > 100) return std::nullopt;
  return static_cast<unsigned>(tenths);
}

void set_delay(Rules& rules, const Arguments& args) {
  if (args.has("deploy-after")) {
    const std::string text = args.value("deploy-after");
    const auto hours = parse_number(text, kMaxDelayHours);
    if (!hours) no_value("deploy-after", "whole hours from 0 to 87600 (ten years)", text);
    rules.delay_hours = static_cast<unsigned>(*hours);
    if (rules.delay_hours == 0) rules.count_from = CountFrom::released;
  }
  if (args.has("follow")) {
    rules.follow = args.required("follow");
    if (rules.follow == "none") rules.follow.clear();
    if (!rules.follow.empty()) rules.count_from = CountFrom::released;
  }
  if (args.has("count-from")) {
    const auto from = count_from_word(args.value("count-from"));
    if (!from) no_value("count-from", "release or arrival", args.value("count-from"));
    if (!rules.follow.empty())
      throw UsageError("--count-from contradicts --follow " + rules.follow + ": the hours count from when that feed took it",
                       "leave one of them out, or use --follow none");
    if (rules.delay_hours == 0)
      throw UsageError("--count-from says where a delay begins, and there is no delay", "add --deploy-after HOURS");
    rules.count_from = *from;
  }
}

void set_approval(Approval& approval, const Arguments& args) {
  exclude(args, "needs-approval", "no-approval");
  exclude(args, "approver", "no-approval");
  exclude(args, "approve-after", "no-approval");
  if (args.has("no-approval")) approval = {};
  if (args.has("needs-approval")) approval.required = true;
  for (const auto& text : args.values("approve-after")) {
    const auto sign = text.find('=');
    const auto severity = severity_from_word(text.substr(0, sign));
    const std::string days = sign == std::string::npos ? "" : text.substr(sign + 1);
    const auto number = parse_number(days, kMaxApprovalDays);
    if (!severity || (!number && days != "never"))
      no_value("approve-after", "a severity (critical, high, medium, low, unknown), '=', and days (at most 3650) or never", text);
    auto& after = approval.after_days[static_cast<std::size_t>(*severity)];
    after.reset();
    if (number) after = static_cast<unsigned>(*number);
  }
  if (!args.has("approver")) return;
  approval.approvers.clear();
  for (const auto& name : args.values("approver")) {
    if (!is_approver_name(name)) no_value("approver", "a name of printable characters, at most 64", name);
    if (std::find(approval.approvers.begin(), approval.approvers.end(), name) == approval.approvers.end())
      approval.approvers.push_back(name);
  }
  if (approval.approvers.size() > kMaxApprovers) throw UsageError("a feed has 64 approvers at most", kUnchanged);
}

void set_windows(std::vector<Window>& windows, const Arguments& args) {
  exclude(args, "window", "no-windows");
  if (!args.has("window") && !args.has("no-windows")) return;
  windows.clear();
  for (const auto& text : args.values("window")) {
    auto window = parse_window(text);
    if (!window) throw UsageError("--window '" + printable(text) + "': " + printable(window.error().text), window.error().hint);
    windows.push_back(std::move(*window));
  }
  if (windows.size() > kMaxWindows) throw UsageError("a feed has 32 windows at most", kUnchanged);
}

}  // namespace

bool has_rule_options(const Arguments& args) {
  return std::any_of(kRuleOptions.begin(), kRuleOptions.end(), [&](const OptionSpec& one) { return args.has(one.name); });
}

Rules with_options(Rules rules, const Arguments& args) {
  set_delay(rules, args);
  if (args.has("channel")) {
    const auto channel = channel_from_word(args.value("channel"));
    if (!channel) no_value("channel", "default, test or unstable", args.value("channel"));
    rules.channel = *channel;
  }
  if (args.has("sticky")) {
    const std::string text = args.value("sticky");
    rules.sticky = parse_sticky(text);
    if (!rules.sticky && text != "none")
      no_value("sticky", "DDMMYY, DDMMYYYY, YYYY-MM-DD, the name of a patchset, or none", text);
  }
  if (args.has("urgent")) {
    const std::string text = args.value("urgent");
    rules.urgent_tenths = tenths_of(text);
    if (!rules.urgent_tenths && text != "none") no_value("urgent", "a CVSS score from 0.1 to 10.0, or none", text);
  }
  set_approval(rules.approval, args);
  set_windows(rules.windows, args);
  return rules;
}

}  // namespace patchferry::importer
