// SPDX-License-Identifier: Apache-2.0
#include "importer/waiting_text.h"

#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>

#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr std::uint64_t kNamed = 5;  // of one feed and reason

}  // namespace

nlohmann::json waiting_json(const Judged& judged) {
  nlohmann::json until = nullptr;
  if (judged.verdict.until) until = *judged.verdict.until;
  return {{"name", judged.name}, {"reason", word_for(judged.verdict.reason)}, {"until", until}, {"text", judged.text}};
}

std::vector<std::string> waiting_lines(const std::vector<Judged>& waiting) {
  std::map<std::pair<std::string, Reason>, std::uint64_t> count;
  std::vector<std::string> out;
  for (const auto& one : waiting)
    if (!one.verdict.takes() && ++count[{one.feed.name, one.verdict.reason}] <= kNamed)
      out.push_back("in feed " + one.feed.name + ", " + one.name + " " + one.text);
  for (const auto& [what, number] : count)
    if (number > kNamed)
      out.push_back(fmt::format("in feed {}, {} more wait ({}); 'patchferry list' names all", what.first, number - kNamed,
                                word_for(what.second)));
  return out;
}

void print_waiting(const std::vector<Judged>& waiting) {
  for (const auto& line : waiting_lines(waiting)) note(line);
}

}  // namespace patchferry::importer
