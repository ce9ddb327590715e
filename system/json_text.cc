// SPDX-License-Identifier: Apache-2.0
#include "system/json_text.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace patchferry {

namespace {

constexpr int kMaxJsonDepth = 12;

struct Malformed {
  const char* why;
};

}  // namespace

Result<nlohmann::json> parse_json(std::string_view text, const char* what) {
  using Json = nlohmann::json;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto check = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > kMaxJsonDepth) throw Malformed{"it is nested too deeply"};
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
      throw Malformed{"a key stands in it twice"};
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), check);
  } catch (const Json::exception&) {
    return refuse(RefusalKind::malformed, std::string("the ") + what + " is not JSON");
  } catch (const Malformed& malformed) {
    return refuse(RefusalKind::malformed, std::string("the ") + what + " is refused: " + malformed.why);
  }
}

}  // namespace patchferry
