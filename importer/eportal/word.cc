// SPDX-License-Identifier: Apache-2.0
#include "importer/eportal/word.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <optional>

#include "system/failure.h"
#include "system/rel_path.h"
#include "system/harmless_text.h"
#include "terminal/output.h"

namespace patchferry::importer::eportal {

namespace {

constexpr std::size_t kColumn = 24;  // of the right part

std::string usage_of(const Word& word, const std::string& program) {
  const std::string takes = word.takes;
  return fmt::format("usage: {} [-h]{}{}", program, takes.empty() ? "" : " ", takes);
}

std::string left_of(const OptionSpec& option) {
  const std::string name = option.name;
  const std::string dashed = (name.size() == 1 ? "-" : "--") + name;
  return option.value == nullptr ? dashed : dashed + " " + option.value;
}

std::string help_of(const Word& word, const std::string& program) {
  std::string text = usage_of(word, program) + "\n\n" + word.about + "\n";
  if (!word.positionals.empty()) text += "\npositional arguments:\n";
  for (const auto& one : word.positionals) text += help_line(one.name, one.text);
  text += "\noptional arguments:\n" + help_line("-h, --help", "show this help message and exit");
  for (const auto& option : word.options) text += help_line(left_of(option), option.text);
  text.pop_back();
  return text;
}

bool asks_for_help(const std::vector<std::string>& rest) {
  for (const auto& one : rest) {
    if (one == "--") return false;
    if (one == "-h" || one == "--help") return true;
  }
  return false;
}

/// Empty, or what is wrong with how many there are.
std::string count_error(const Word& word, const std::vector<std::string>& given) {
  if (given.size() > word.positionals.size())
    return fmt::format("unrecognized arguments: {}", printable(given[word.positionals.size()]));
  std::string missing;
  for (std::size_t i = given.size(); i < word.positionals.size(); ++i)
    if (!word.positionals[i].optional) missing += (missing.empty() ? "" : ", ") + std::string(word.positionals[i].name);
  return missing.empty() ? "" : "the following arguments are required: " + missing;
}

}  // namespace

std::string help_line(const std::string& left, const std::string& right) {
  if (left.size() + 4 > kColumn) return fmt::format("  {}\n{}{}\n", left, std::string(kColumn, ' '), right);
  return fmt::format("  {:<{}}{}\n", left, kColumn - 2, right);
}

int usage_error(const std::string& usage, const std::string& program, const std::string& text) {
  std::fflush(stdout);
  std::fputs(fmt::format("{}\n{}: error: {}\n", usage, program, harmless(text)).c_str(), stderr);
  return kUsage;
}

int run_word(const Word& word, const std::string& before, const std::string& product, const std::vector<std::string>& rest) {
  const std::string program = before + " " + word.name;
  if (asks_for_help(rest)) {
    print(help_of(word, program));
    return kDone;
  }
  const std::string usage = program + " " + word.takes;
  const CommandSpec spec = {usage.c_str(), word.about, word.options, ""};
  std::vector<std::string> all = {word.name};
  all.insert(all.end(), rest.begin(), rest.end());
  std::optional<Arguments> args;
  try {
    args.emplace(spec, all);
  } catch (const UsageError& wrong) {
    return usage_error(usage_of(word, program), program, wrong.what());
  }
  if (const auto wrong = count_error(word, args->positional()); !wrong.empty())
    return usage_error(usage_of(word, program), program, wrong);
  return word.run({product, *args});
}

}  // namespace patchferry::importer::eportal
