// SPDX-License-Identifier: Apache-2.0
// What an ePortal said about its feeds: taken where it is clear, refused with the number of the line where it is not.
#include "importer/portal_states.h"

#include <catch2/catch.hpp>

using namespace patchferry;
using namespace patchferry::importer;

namespace {

const std::string kAt = "2021-12-02 01:25:06,555 - eportal.patches - INFO - ";
using States = std::vector<PortalState>;

void check_refused(const Result<States>& done, RefusalKind kind, const std::string& where) {
  REQUIRE_FALSE(done);
  INFO(done.error().text);
  CHECK(done.error().kind == kind);
  CHECK(done.error().text.find(where) != std::string::npos);
  CHECK_FALSE(done.error().hint.empty());
}

}  // namespace

TEST_CASE("of a log, the last line about a patchset and a feed counts, and other lines do not") {
  const auto states = states_in_log(
      "something else\n" + kAt + "K04082020_1 was enabled in main\r\n" + kAt + "U20210129_02 was enabled in main\n" +
      "2021-12-02 01:25:06,555 - eportal.web - INFO - K1 was here\n" + kAt + "K04082020_1 was disabled in main\n" + kAt +
      "K04082020_1 was enabled in test\n" + kAt + "K20230712_03 was unrolled in main\n" + kAt + "updating\n" + kAt +
      "K20230712_04 was deployed but not enabled in main");
  REQUIRE(states);
  CHECK(*states == States{{"main", "K04082020_1", FeedState::disabled},
                          {"main", "K20230712_03", FeedState::undeployed},
                          {"main", "K20230712_04", FeedState::disabled},
                          {"main", "U20210129_02", FeedState::enabled},
                          {"test", "K04082020_1", FeedState::enabled}});
}

TEST_CASE("odd lines of a log are refused by their number") {
  const std::string good = kAt + "K04082020_1 was enabled in main\n";
  check_refused(states_in_log(good + kAt + "../../etc was enabled in main\n"), RefusalKind::bad_name, "line 2");
  check_refused(states_in_log(good + kAt + "K31022020_1 was enabled in main\n"), RefusalKind::bad_name, "line 2");
  check_refused(states_in_log(good + good + kAt + "K04082020_1 was enabled in ../x\n"), RefusalKind::bad_name, "line 3");
  check_refused(states_in_log(good + kAt + "K04082020_1 was enabled in \n"), RefusalKind::bad_name, "line 2");
  check_refused(states_in_log(good + kAt + "K04082020_1 was enabled in main test\n"), RefusalKind::bad_name, "line 2");
  check_refused(states_in_log(good + "\x1b[2J\n"), RefusalKind::malformed, "line 2");
  check_refused(states_in_log(good + std::string(1, '\0') + "\n"), RefusalKind::malformed, "line 2");
  check_refused(states_in_log(good + std::string(kMaxLogLine + 1, 'a')), RefusalKind::too_large, "line 2");
  check_refused(states_in_log(""), RefusalKind::malformed, "no line");
  check_refused(states_in_log("[]\n"), RefusalKind::malformed, "no line");
}

TEST_CASE("an answer of the admin API is a list, bare or as a result") {
  const States wanted = {{"prod", "K20230712_03", FeedState::enabled},
                         {"prod", "K20230712_04", FeedState::disabled},
                         {"prod", "U20210129_02", FeedState::undeployed}};
  const std::string list =
      R"([{"patchset":"K20230712_04","status":"Blocked"},{"patchset":"K20230712_03","status":"enabled","distros":["el8"]},)"
      R"({"patchset":"K20230713_01","status":"not_downloaded"},{"patchset":"U20210129_02","status":"UNDEPLOYED"}])";
  const auto bare = states_in_answer(list, "prod");
  REQUIRE(bare);
  CHECK(*bare == wanted);
  const auto wrapped = states_in_answer("{\"result\":" + list + "}", "prod");
  REQUIRE(wrapped);
  CHECK(*wrapped == wanted);
  const auto none = states_in_answer("[]", "prod");
  REQUIRE(none);
  CHECK(none->empty());
}

TEST_CASE("odd answers of the admin API are refused by the number of the entry") {
  const auto refused = [](const std::string& text) { return states_in_answer(text, "main"); };
  const std::string good = R"({"patchset":"K20230712_03","status":"enabled"})";
  check_refused(refused("[" + good + "," + good + "]"), RefusalKind::malformed, "entry 2");
  check_refused(refused("[" + good + R"(,{"patchset":"K20230712_04","status":"frozen"}])"), RefusalKind::malformed, "entry 2");
  check_refused(refused("[" + good + R"(,{"patchset":"K20230712_04"}])"), RefusalKind::malformed, "entry 2");
  check_refused(refused("[" + good + R"(,{"patchset":"../K20230712_04","status":"enabled"}])"), RefusalKind::bad_name, "entry 2");
  check_refused(refused("[7]"), RefusalKind::malformed, "entry 1");
  CHECK_FALSE(refused(R"({"error":"forbidden"})"));
  CHECK_FALSE(refused("<html>"));
  CHECK_FALSE(refused(std::string(100, '[')));
  CHECK_FALSE(refused(R"([{"patchset":"K20230712_03","patchset":"K20230712_03","status":"enabled"}])"));
}
