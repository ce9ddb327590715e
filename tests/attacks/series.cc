// SPDX-License-Identifier: Apache-2.0
#include "tests/attacks/series.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace patchferry::test {

std::string release_name(unsigned number) { return fmt::format("K202601{:02}_01", number); }

std::uint64_t sequence_of(const std::string& base) { return status_of(base).at("sequence"); }

std::vector<std::string> names_of(unsigned count) {
  std::vector<std::string> out;
  for (unsigned i = 1; i <= count; ++i) out.push_back(release_name(i));
  return out;
}

void check_incomplete(const Outcome& done, unsigned wanted) {
  INFO(done.out << done.err);
  CHECK(done.code == 1);
  const auto findings = json_of(done).at("findings");
  REQUIRE_FALSE(findings.empty());
  for (const auto& finding : findings) CHECK(finding.at("kind") == "incomplete");
  CHECK(says(findings[0].at("hint"), fmt::format("bring bundle {} ", wanted)));
  CHECK(says(done.err, fmt::format("hint: bring bundle {} ", wanted)));
}

void check_refused_as(const Outcome& done, const std::string& kind) {
  INFO(done.out << done.err);
  CHECK(done.code == 1);
  CHECK(kinds_of(done) == std::vector<std::string>{kind});
}

void check_imported(const Outcome& done) {
  INFO(done.out << done.err);
  REQUIRE(done.code == 0);
}

std::string text_of(const Order& order) {
  std::string out;
  for (const unsigned number : order) out += std::to_string(number) + " ";
  return out;
}

}  // namespace patchferry::test
