// SPDX-License-Identifier: Apache-2.0
#include "importer/portal_states.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "bundle-format/patchset_name.h"
#include "importer/feeds.h"
#include "system/json_text.h"
#include "system/rel_path.h"

namespace patchferry::importer {

namespace {

using Json = nlohmann::json;
using ByPlace = std::map<std::pair<std::string, std::string>, FeedState>;  // feed, patchset

tl::unexpected<Refusal> odd(RefusalKind kind, const char* what, std::size_t number, const std::string& why) {
  return refuse(kind, std::string(what) + " " + std::to_string(number) + " " + why,
                "nothing has been changed; correct the file, or leave it out");
}

std::vector<PortalState> in_order(const ByPlace& states) {
  std::vector<PortalState> out;
  for (const auto& [place, state] : states) out.push_back({place.first, place.second, state});
  return out;
}

/// "Not_Downloaded" → "not downloaded".
std::string plain_word(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(), [](char c) {
    if (c == '_' || c == '-') return ' ';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return word;
}

struct Meaning {
  std::string_view word;
  std::optional<FeedState> state;  // none: it is not there
};
constexpr Meaning kStatusWords[] = {
    {"enabled", FeedState::enabled},  {"disabled", FeedState::disabled}, {"undeployed", FeedState::undeployed},
    {"blocked", FeedState::disabled}, {"not downloaded", std::nullopt},
};

struct Said {
  std::string_view words;
  FeedState state;
};
constexpr Said kLogWords[] = {
    {" was enabled in ", FeedState::enabled},     {" was deployed but not enabled in ", FeedState::disabled},
    {" was disabled in ", FeedState::disabled},   {" was undeployed in ", FeedState::undeployed},
    {" was unrolled in ", FeedState::undeployed}, {" was unrolled from ", FeedState::undeployed},
};

/// "2021-12-02 01:25:06,555 - eportal.patches - INFO - " taken off; none: a line of something else.
std::optional<std::string_view> message_in(std::string_view line) {
  constexpr std::string_view kShape = "0000-00-00 00:00:00,000 - eportal.patches - ";
  if (line.size() < kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = line[i] >= '0' && line[i] <= '9';
    if (kShape[i] == '0' ? !digit : line[i] != kShape[i]) return std::nullopt;
  }
  line.remove_prefix(kShape.size());
  const auto dash = line.find(" - ");
  if (dash == std::string_view::npos) return std::nullopt;
  return line.substr(dash + 3);
}

bool is_text(std::string_view line) {
  return std::all_of(line.begin(), line.end(), [](char c) { return c == '\t' || static_cast<unsigned char>(c) >= 0x20; });
}

Result<void> take_line(std::string_view message, std::size_t number, ByPlace& states) {
  for (const auto& [words, state] : kLogWords) {
    const auto at = message.find(words);
    if (at == std::string_view::npos) continue;
    const std::string_view name = message.substr(0, at);
    const std::string_view feed = message.substr(at + words.size());
    if (!parse_patchset_name(name))
      return odd(RefusalKind::bad_name, "line", number, "names no patchset: " + printable(name, 80));
    if (!is_feed_name(feed)) return odd(RefusalKind::bad_name, "line", number, "names no feed: " + printable(feed, 80));
    states[{std::string(feed), std::string(name)}] = state;
    if (states.size() > kMaxPortalStates) return odd(RefusalKind::too_large, "line", number, "is one too many");
    return {};
  }
  return {};
}

}  // namespace

Result<std::vector<PortalState>> states_in_answer(std::string_view text, const std::string& feed) {
  const auto json = parse_json(text, "the answer of the admin API");
  if (!json) return tl::unexpected(json.error());
  const Json* list = &*json;
  if (json->is_object() && json->contains("result")) list = &(*json)["result"];
  if (!list->is_array())
    return refuse(RefusalKind::malformed, "it is not what the admin API answers: a list of patchsets",
                  "keep what GET /admin/api/patchsets/?feed=" + feed + " answers, as it is");
  ByPlace states;
  std::size_t number = 0;
  for (const auto& one : *list) {
    ++number;
    if (!one.is_object() || !one.contains("patchset") || !one["patchset"].is_string() || !one.contains("status") ||
        !one["status"].is_string())
      return odd(RefusalKind::malformed, "entry", number, "has no patchset and status");
    const std::string name = one["patchset"].get<std::string>();
    const std::string status = one["status"].get<std::string>();
    if (!parse_patchset_name(name))
      return odd(RefusalKind::bad_name, "entry", number, "names no patchset: " + printable(name, 80));
    const std::string word = plain_word(status);
    const auto meaning =
        std::find_if(std::begin(kStatusWords), std::end(kStatusWords), [&](const auto& m) { return m.word == word; });
    if (meaning == std::end(kStatusWords))
      return odd(RefusalKind::malformed, "entry", number, "has a status that is not known: " + printable(status, 80));
    if (!meaning->state) continue;
    if (!states.emplace(std::pair(feed, name), *meaning->state).second)
      return odd(RefusalKind::malformed, "entry", number, "names " + name + " a second time");
  }
  return in_order(states);
}

Result<std::vector<PortalState>> states_in_log(std::string_view text) {
  ByPlace states;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > kMaxLogLine) return odd(RefusalKind::too_large, "line", number, "is too long for a log");
    if (!is_text(line)) return odd(RefusalKind::malformed, "line", number, "is no text");
    if (const auto message = message_in(line))
      if (const auto taken = take_line(*message, number, states); !taken) return tl::unexpected(taken.error());
  }
  if (states.empty())
    return refuse(RefusalKind::malformed, "no line of it tells what became of a patchset in a feed",
                  "give an ePortal's log; an answer of its admin API is given as FEED=FILE");
  return in_order(states);
}

}  // namespace patchferry::importer
