// SPDX-License-Identifier: Apache-2.0
#include "importer/rules/rules_json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "system/json_text.h"

namespace patchferry::importer {

namespace {

using Json = nlohmann::json;

struct Malformed {
  const char* what;
};

const Json& member(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (!object.is_object() || found == object.end()) throw Malformed{name};
  return *found;
}

std::string text_of(const Json& object, const char* name) {
  const Json& value = member(object, name);
  if (!value.is_string()) throw Malformed{name};
  return value.get<std::string>();
}

unsigned number_of(const Json& value, unsigned most, const char* name) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most) throw Malformed{name};
  return value.get<unsigned>();
}

const Json& list_of(const Json& object, const char* name, std::size_t most) {
  const Json& value = member(object, name);
  if (!value.is_array() || value.size() > most) throw Malformed{name};
  return value;
}

Approval approval_from(const Json& json) {
  Approval out;
  const Json& required = member(json, "required");
  if (!required.is_boolean()) throw Malformed{"required"};
  out.required = required.get<bool>();
  const Json& days = member(json, "after_days");
  if (!days.is_object()) throw Malformed{"after_days"};
  for (const auto& [word, value] : days.items()) {
    const auto severity = severity_from_word(word);
    if (!severity) throw Malformed{"after_days"};
    out.after_days[static_cast<std::size_t>(*severity)] = number_of(value, kMaxApprovalDays, "after_days");
  }
  for (const auto& name : list_of(json, "approvers", kMaxApprovers)) {
    if (!name.is_string() || !is_approver_name(name.get<std::string>())) throw Malformed{"approvers"};
    out.approvers.push_back(name.get<std::string>());
  }
  return out;
}

Rules rules_from(const Json& json) {
  Rules out;
  out.delay_hours = number_of(member(json, "delay_hours"), kMaxDelayHours, "delay_hours");
  const auto from = count_from_word(text_of(json, "count_from"));
  const auto channel = channel_from_word(text_of(json, "channel"));
  if (!from) throw Malformed{"count_from"};
  if (!channel) throw Malformed{"channel"};
  out.count_from = *from;
  out.channel = *channel;
  out.follow = text_of(json, "follow");
  if (out.follow.size() > kMaxApproverName ||
      !std::all_of(out.follow.begin(), out.follow.end(), [](char c) { return c > ' ' && c <= '~'; }))
    throw Malformed{"follow"};
  if (!member(json, "sticky").is_null()) {
    out.sticky = parse_sticky(text_of(json, "sticky"));
    if (!out.sticky) throw Malformed{"sticky"};
  }
  if (const Json& urgent = member(json, "urgent"); !urgent.is_null()) {
    if (!urgent.is_number_float() || !(urgent.get<double>() >= 0.1 && urgent.get<double>() <= 10.0)) throw Malformed{"urgent"};
    out.urgent_tenths = static_cast<unsigned>(std::lround(urgent.get<double>() * 10));
  }
  out.approval = approval_from(member(json, "approval"));
  for (const auto& text : list_of(json, "windows", kMaxWindows)) {
    if (!text.is_string()) throw Malformed{"windows"};
    auto window = parse_window(text.get<std::string>());
    if (!window) throw Malformed{"windows"};
    out.windows.push_back(std::move(*window));
  }
  return out;
}

}  // namespace

nlohmann::json rules_json(const Rules& rules) {
  Json days = Json::object();
  for (std::size_t i = 0; i < kSeverities; ++i)
    if (const auto& after = rules.approval.after_days[i]) days[word_for(static_cast<Severity>(i))] = *after;
  Json windows = Json::array();
  for (const auto& window : rules.windows) windows.push_back(window.text);
  return {{"delay_hours", rules.delay_hours},
          {"count_from", word_for(rules.count_from)},
          {"follow", rules.follow},
          {"channel", word_for(rules.channel)},
          {"sticky", rules.sticky ? Json(rules.sticky->text) : Json(nullptr)},
          {"urgent", rules.urgent_tenths ? Json(*rules.urgent_tenths / 10.0) : Json(nullptr)},
          {"approval", {{"required", rules.approval.required}, {"after_days", days}, {"approvers", rules.approval.approvers}}},
          {"windows", windows}};
}

std::string encode_rules(const Rules& rules) { return rules_json(rules).dump(); }

Result<Rules> decode_rules(std::string_view text) {
  if (text.size() > kMaxRulesText) return refuse(RefusalKind::malformed, "the rules are too long");
  const auto json = parse_json(text, "rules");
  if (!json) return tl::unexpected(json.error());
  try {
    Rules out = rules_from(*json);
    if (encode_rules(out) != text) return refuse(RefusalKind::malformed, "the rules are not written as this program writes them");
    return out;
  } catch (const Malformed& malformed) {
    return refuse(RefusalKind::malformed, std::string("the rules are malformed at \"") + malformed.what + "\"");
  }
}

}  // namespace patchferry::importer
