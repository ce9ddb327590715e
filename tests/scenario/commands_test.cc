// SPDX-License-Identifier: Apache-2.0
// What people and scripts rely on in every command.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/scenario/world.h"

using namespace patchferry::test;
using nlohmann::json;

namespace {

/// The command names in a list that --help printed: what stands between the margin and two blanks.
std::set<std::string> commands_in(const std::string& help) {
  std::set<std::string> out;
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  ") || line.starts_with("   ")) continue;
    const auto end = line.find("  ", 2);
    if (end != std::string::npos) out.insert(line.substr(2, end - 2));
  }
  return out;
}

/// All `…` in a text.
std::set<std::string> quoted_in(const std::string& text, char quote) {
  std::set<std::string> out;
  for (std::size_t begin = text.find(quote); begin != std::string::npos;) {
    const auto end = text.find(quote, begin + 1);
    if (end == std::string::npos) break;
    out.insert(text.substr(begin + 1, end - begin - 1));
    begin = text.find(quote, end + 1);
  }
  return out;
}

std::string source(const std::string& path) { return contents(PATCHFERRY_SOURCE_DIR "/" + path); }

/// The sections "### <command>" of docs/commands.md, or "### <command>, <command>".
std::map<std::string, std::string> documented_commands() {
  std::map<std::string, std::string> out;
  std::istringstream lines(source("docs/commands.md"));
  std::set<std::string> commands;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) commands.clear();
    if (line.starts_with("### ")) {
      std::size_t at = 4;
      for (std::size_t comma; (comma = line.find(", ", at)) != std::string::npos; at = comma + 2)
        commands.insert(line.substr(at, comma - at));
      commands.insert(line.substr(at));
    }
    for (const auto& command : commands) out[command] += line + "\n";
  }
  return out;
}

/// What stands in the first column of the tables of a document, as code.
std::set<std::string> first_column(const std::string& document) {
  std::set<std::string> out;
  std::istringstream lines(document);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) continue;
    const auto names = quoted_in(line.substr(0, line.find('|', 1)), '`');
    out.insert(names.begin(), names.end());
  }
  return out;
}

Words words_of(const std::string& command) {
  std::istringstream text(command);
  Words out;
  for (std::string word; text >> word;) out.push_back(word);
  return out;
}

void check_keys(const json& document, const std::vector<std::string>& keys) {
  for (const auto& key : keys) {
    INFO(key << " in " << document.dump());
    CHECK(document.contains(key));
  }
}

}  // namespace

TEST_CASE("patchferry lists exactly the commands that its programs have") {
  const auto listed = run({"patchferry", "--help"});
  CHECK(listed.code == 0);
  std::set<std::string> those = {"verify", "inspect"};  // patchferry-verify has no commands
  for (const char* program : {"patchferry-mirror", "patchferry-site"}) {
    const auto help = run({program, "--help"});
    CHECK(help.code == 0);
    const auto names = commands_in(help.out);
    those.insert(names.begin(), names.end());
  }
  CHECK(commands_in(listed.out) == those);
  CHECK(run({"patchferry"}).code == 2);
}

TEST_CASE("every command and each of its options is documented, and no other command") {
  const auto documented = documented_commands();
  std::set<std::string> names;
  for (const auto& [name, text] : documented) names.insert(name);
  CHECK(names == commands_in(run({"patchferry", "--help"}).out));
  for (const auto& [name, text] : documented) {
    Words words = words_of(name);
    words.emplace_back("--help");
    std::istringstream lines(typed(words).out);
    for (std::string line; std::getline(lines, line);) {
      const auto begin = line.find("--");
      if (!line.starts_with("  ") || begin == std::string::npos || begin > 8) continue;
      const std::string option = line.substr(begin, line.find_first_of(" ,", begin) - begin);
      if (option == "--help" || option == "--quiet" || option == "--base" || option == "--no-wait")
        continue;  // said once for all
      INFO("patchferry " << name << " " << option);
      // "--add-ROLE" stands for three.
      std::string general = option;
      for (const std::string role : {"root", "release", "head"})
        if (const auto at = general.find(role); at != std::string::npos) general.replace(at, role.size(), "ROLE");
      CHECK((text.find(option) != std::string::npos || text.find(general) != std::string::npos));
    }
  }
}

TEST_CASE("every kind of refusal is documented, and no other") {
  std::set<std::string> kinds;
  std::istringstream lines(source("system/refusal.cc"));
  for (std::string line; std::getline(lines, line);)
    if (line.find("case RefusalKind::") != std::string::npos) kinds.merge(quoted_in(line, '"'));
  REQUIRE(kinds.size() > 30);
  CHECK(first_column(source("docs/refusals.md")) == kinds);
}

TEST_CASE("every word for what the audit log records is documented") {
  std::set<std::string> words = {"carried"};
  const std::string folder = PATCHFERRY_SOURCE_DIR "/importer";
  for (const auto& name : patchferry::folder_entries(folder)) {
    if (patchferry::is_folder(folder + "/" + name)) continue;  // eportal/ does nothing that commands of ours do not
    const std::string text = contents(folder + "/" + name);
    for (auto at = text.find("what = "); at != std::string::npos; at = text.find("what = ", at + 1))
      words.merge(quoted_in(text.substr(at, text.find_first_of(",;}", at) - at), '"'));
  }
  REQUIRE(words.count("rollback") == 1);
  const auto documented = first_column(source("docs/audit.md"));
  for (const auto& word : words) {
    INFO(word);
    CHECK(documented.count(word) == 1);
  }
}

TEST_CASE("every command explains itself with an example, and speaks JSON") {
  const auto commands = commands_in(run({"patchferry", "--help"}).out);
  REQUIRE(commands.size() >= 14);
  for (const auto& command : commands) {
    INFO("patchferry " << command);
    Words words = words_of(command);
    words.emplace_back("--help");
    const auto help = typed(words);
    CHECK(help.code == 0);
    CHECK(help.err.empty());
    CHECK(help.out.find("Usage: patchferry " + command) != std::string::npos);
    const auto example = help.out.find("\nExample:\n  patchferry " + command);
    CHECK(example != std::string::npos);
    CHECK(help.out.find("--json") != std::string::npos);
  }
  CHECK(run({"patchferry-verify", "--help"}).out.find("Example:") != std::string::npos);
}

TEST_CASE("a mistyped command is answered with the nearest one") {
  const auto done = run({"patchferry", "exprot"});
  CHECK(done.code == 2);
  CHECK(done.err.find("export") != std::string::npos);
}

TEST_CASE("the JSON documents hold what they promise") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = world.export_full();

  const auto verified = json_of(world.verify({bundle, "--json"}));
  check_keys(verified, {"ok", "bundle", "sequence", "findings"});
  CHECK(verified["ok"] == true);
  const auto inspected = json_of(typed({"inspect", bundle, "--json"}));
  CHECK(inspected.at("verified") == false);

  for (const Words& words : {Words{"diff", "--base", world.base(), bundle, "--json"},
                             Words{"import", "--base", world.base(), bundle, "--dry-run", "--json"}}) {
    const auto plan = json_of(typed(words));
    check_keys(plan, {"bundle", "sequence", "site", "patchsets", "cves", "bytes", "feeds"});
    check_keys(plan.at("patchsets"), {"new", "present", "withdrawn"});
    check_keys(plan.at("bytes"), {"read", "write"});
    check_keys(plan.at("feeds").at("main"), {"enable", "disable"});
    check_keys(plan.at("cves").at("gained").at(0), {"cve", "cvss", "kernels"});
  }
  REQUIRE(json_of(world.import({bundle, "--json"})).at("outcome") == "imported");
  const auto list = json_of(typed({"list", "--base", world.base(), "--json"}));
  check_keys(list.at("patchsets").at(0), {"name", "product", "released", "archive", "feeds"});
  check_keys(list["patchsets"][0]["archive"], {"sha256", "bytes", "present"});
  check_keys(json_of(typed({"status", "--base", world.base(), "--json"})),
             {"sequence", "last_import", "newest", "pending_archives", "quarantine", "disk"});

  // Nothing to do is an answer too, and a script parses it.
  for (const Words& words :
       {Words{"diff", "--base", world.base(), bundle, "--json"}, Words{"import", "--base", world.base(), bundle, "--json"}}) {
    INFO(words.front());
    const auto again = typed(words);
    CHECK(again.code == 4);
    CHECK(json::accept(again.out));
  }
}

TEST_CASE("refused input still gives a JSON document that says why") {
  const World world;
  patchferry::make_folder(world.at("empty"));
  for (const Words& words : {Words{"verify", "--trust", world.at("ops.pub"), world.at("empty"), "--json"},
                             Words{"import", "--base", world.base(), world.at("empty"), "--json"}}) {
    INFO(words.front());
    const auto done = typed(words);
    CHECK(done.code == 1);
    CHECK(json_of(done).at("findings").at(0).at("kind") == "not-a-bundle");
  }
}

TEST_CASE("with --quiet, errors are all that is printed") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = world.export_full();
  const auto verified = world.verify({bundle, "--quiet"});
  CHECK(verified.code == 0);
  CHECK((verified.out + verified.err).empty());
  const auto imported = world.import({bundle, "--quiet"});
  CHECK(imported.code == 0);
  CHECK((imported.out + imported.err).empty());
}

TEST_CASE("keys are never overwritten, and the secret one is for its owner only") {
  const World world;
  const std::string secret = contents(world.at("ops.key"));
  CHECK(typed({"keygen", "--out", world.at("ops"), "--no-password"}).code == 2);
  CHECK(contents(world.at("ops.key")) == secret);
}
