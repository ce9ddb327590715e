// SPDX-License-Identifier: Apache-2.0
// The audit log as an administrator and an auditor meet it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "system/sqlite.h"
#include "tests/scenario/world.h"

using namespace patchferry::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

Outcome log_of(const World& world, Words more = {}) {
  more.insert(more.begin(), {"log", "--base", world.base()});
  return typed(more);
}

std::vector<json> entries_of(const Outcome& exported) {
  CHECK(exported.code == 0);
  std::vector<json> out;
  std::istringstream lines(exported.out);
  for (std::string line; std::getline(lines, line);) out.push_back(json::parse(line));
  return out;
}

/// With the triggers gone, as for somebody who may write to the file.
void tamper(const World& world, const std::string& sql) {
  patchferry::Database db(world.base() + "/patchferry.sqlite");
  db.execute("DROP TRIGGER IF EXISTS audit_goes_on; DROP TRIGGER IF EXISTS audit_stays; DROP TRIGGER IF EXISTS audit_keeps;" +
             sql);
}

void check_refused(const Outcome& outcome, const std::string& named) {
  INFO(outcome.err);
  CHECK(outcome.code == 1);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.find(named) != std::string::npos);
}

/// The auditor's program out of docs/audit.md.
std::string auditors_program() {
  const std::string text = contents(PATCHFERRY_SOURCE_DIR "/docs/audit.md");
  const auto begin = text.find("```python\n") + 10;
  return text.substr(begin, text.find("```\n", begin) - begin);
}

/// What that program says of an exported log.
std::pair<int, std::string> audited(const World& world, const std::string& exported) {
  write_contents(world.at("audit.py"), auditors_program());
  write_contents(world.at("log.jsonl"), exported);
  const std::string command =
      "python3 " + world.at("audit.py") + " < " + world.at("log.jsonl") + " > " + world.at("said") + " 2>&1";
  const int status = std::system(command.c_str());
  return {WEXITSTATUS(status), contents(world.at("said"))};
}

/// A world with three entries: init and two imports.
void bring_two_bundles(const World& world) {
  for (const char* name : {"K20260105_01", "K20260112_01"}) {
    world.release_kernels(name, {{1, name[8] == '5' ? 1U : 2U}});
    REQUIRE(world.import({world.export_full()}).code == 0);
  }
}

}  // namespace

TEST_CASE("the audit log tells who brought in what, and a machine and an auditor's own program can check it") {
  const World world;
  bring_two_bundles(world);
  const auto shown = log_of(world);
  CHECK(shown.code == 0);
  for (const char* part : {"ENTRY", "init", "site plant1", "import", "2 (", "K20260112_01"})
    CHECK(shown.out.find(part) != std::string::npos);

  const auto exported = log_of(world, {"--json"});
  const auto entries = entries_of(exported);
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].at("what") == "init");
  CHECK(entries[0].at("bundle").is_null());
  CHECK(entries[1].at("bundle").at("sequence") == 1);
  CHECK(entries[2].at("bundle").at("id").get<std::string>().size() == 32);
  CHECK(entries[2].at("previous") == entries[1].at("hash"));
  CHECK(entries[2].at("detail") == "1 patchset: K20260112_01, changed: main");
  for (const char* key : {"number", "at", "who", "what", "bundle", "detail", "previous", "hash"}) CHECK(entries[1].contains(key));

  const std::string last = entries[2].at("hash");
  CHECK(log_of(world, {"--verify"}).out == "good: 3 entries, last hash " + last + "\n");
  const auto verdict = json_of(log_of(world, {"--verify", "--json"}));
  CHECK(verdict.at("ok") == true);
  CHECK(verdict.at("entries") == 3);
  CHECK(verdict.at("last") == last);

  CHECK(audited(world, exported.out) == std::pair(0, "good: 3 entries, last hash " + last + "\n"));
  std::string bad = exported.out;
  bad.replace(bad.find("K20260112_01"), 12, "K20260113_01");
  CHECK(audited(world, bad) == std::pair(1, std::string("bad: entry 3\n")));
  CHECK(audited(world, exported.out.substr(exported.out.find('\n') + 1)).second == "bad: entry 1\n");
}

TEST_CASE("log --since shows the later days only") {
  const World world;
  ::setenv("PATCHFERRY_NOW", "1893585600", 1);  // 2030-01-02 12:00
  bring_two_bundles(world);
  ::unsetenv("PATCHFERRY_NOW");
  CHECK(entries_of(log_of(world, {"--json", "--since", "2030-01-02"})).size() == 2);
  CHECK(entries_of(log_of(world, {"--json", "--since", "2030-01-03"})).empty());
  CHECK(entries_of(log_of(world, {"--json", "--since", "1970-01-01"})).size() == 3);
  for (const Words& wrong :
       {Words{"--since", "yesterday"}, Words{"--since", "2030-02-30"}, Words{"--since", "2030-01-02", "--verify"},
        Words{"--expect", "12ab"}, Words{"--expect", std::string(64, 'g')}, Words{"more"}}) {
    INFO(wrong.front());
    CHECK(log_of(world, wrong).code == 2);
  }
}

TEST_CASE("an entry altered in the site's database is named, and the command exits 1") {
  const World world;
  bring_two_bundles(world);
  REQUIRE(log_of(world, {"--verify"}).code == 0);
  tamper(world, "UPDATE audit SET who='somebody else' WHERE seq=2");
  check_refused(log_of(world, {"--verify"}), "entry 2 of the audit log is not what was written");
  const auto verdict = log_of(world, {"--verify", "--json"});
  CHECK(verdict.code == 1);
  CHECK(json_of(verdict).at("ok") == false);
  CHECK(json_of(verdict).at("findings").at(0).at("kind") == "altered-log");
  CHECK(log_of(world).code == 0);  // it can still be read

  tamper(world, "UPDATE audit SET hash=x'00', who=CAST(x'ff0a' AS TEXT) WHERE seq=3");
  check_refused(log_of(world, {"--verify"}), "entry 2 ");
  CHECK(entries_of(log_of(world, {"--json"})).size() == 3);
  const auto shown = log_of(world);
  CHECK(shown.out.find("\\xff\\x0a") != std::string::npos);
}

TEST_CASE("newest entries that were cut off, and an older database put back, are noticed at once and later") {
  const World world;
  const std::string database = world.base() + "/patchferry.sqlite";
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string first = world.export_full();
  REQUIRE(world.import({first}).code == 0);
  const std::string older = contents(database);
  const std::string older_head = contents(world.base() + "/audit.head");
  world.release_kernels("K20260112_01", {{1, 2}});
  const std::string second = world.export_full();
  REQUIRE(world.import({second}).code == 0);
  const std::string newer = contents(database);
  const std::string head = contents(world.base() + "/audit.head");
  const std::string hash = entries_of(log_of(world, {"--json"})).back().at("hash");
  CHECK(head == "patchferry-audit-head-1 3 " + hash + "\n");

  tamper(world, "DELETE FROM audit WHERE seq=3");
  check_refused(log_of(world, {"--verify"}), "entry 3 of the audit log is missing");

  write_contents(database, older);
  check_refused(log_of(world, {"--verify"}), "entry 3 of the audit log is missing");
  const auto listed = typed({"list", "--base", world.base()});
  CHECK(listed.code == 0);
  CHECK(listed.err.find("patchferry log --verify") != std::string::npos);
  // The site goes on; the new entry 3 does not hide that there was another.
  ::setenv("PATCHFERRY_NOW", "1893585600", 1);
  CHECK(world.import({second}).code == 1);  // the ledger is older than its copy
  REQUIRE(world.import({second, "--without-head", "this is a test"}).code == 0);
  ::unsetenv("PATCHFERRY_NOW");
  check_refused(log_of(world, {"--verify"}), "entry 3 of the audit log is another");
  CHECK(contents(world.base() + "/audit.head") == head);

  // With audit.head put back as well, only what was written down elsewhere tells.
  write_contents(database, older);
  write_contents(world.base() + "/audit.head", older_head);
  CHECK(log_of(world, {"--verify"}).code == 0);
  check_refused(log_of(world, {"--expect", hash}), "no entry of the audit log has the hash");

  write_contents(database, newer);
  write_contents(world.base() + "/audit.head", head);
  std::string on_paper = hash;
  std::transform(on_paper.begin(), on_paper.end(), on_paper.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  on_paper.insert(32, " ");
  CHECK(log_of(world, {"--expect", on_paper}).code == 0);
  CHECK(log_of(world, {"--verify", "--expect", hash}).code == 0);

  patchferry::remove_file(world.base() + "/audit.head");
  check_refused(log_of(world, {"--verify"}), "audit.head");
  CHECK_FALSE(patchferry::exists(world.base() + "/audit.head"));
}

TEST_CASE("an import killed at any moment leaves a good audit log, and the next command brings audit.head up") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 200'000);
  const std::string bundle = world.export_full();
  world.init(world.at("timed"));
  const auto begun = std::chrono::steady_clock::now();
  REQUIRE(world.import_into(world.at("timed"), {bundle}).code == 0);
  const auto whole = std::chrono::steady_clock::now() - begun;
  for (int i = 0; i < 12; ++i) {
    const std::string base = world.at("killed" + std::to_string(i));
    world.init(base);
    Process import({"patchferry", "import", "--base", base, bundle});
    std::this_thread::sleep_for(whole * i / 12);
    import.kill();
    import.wait();
    const auto verified = typed({"log", "--base", base, "--verify"});
    INFO(i << ": " << verified.err);
    CHECK(verified.code == 0);
    const auto again = world.import_into(base, {bundle});
    CHECK((again.code == 0 || again.code == 4));
    CHECK(typed({"log", "--base", base, "--verify"}).out.starts_with("good: 2 entries"));
    CHECK(contents(base + "/audit.head").starts_with("patchferry-audit-head-1 2 "));
  }
  // A crash between the transaction and the file, exactly.
  const std::string head = contents(world.base() + "/audit.head");
  REQUIRE(world.import({bundle}).code == 0);
  const std::string brought_up = contents(world.base() + "/audit.head");
  CHECK(brought_up != head);
  write_contents(world.base() + "/audit.head", head);
  CHECK(log_of(world, {"--verify"}).code == 0);
  CHECK(contents(world.base() + "/audit.head") == brought_up);
}

TEST_CASE("no login name or folder can forge a line of the audit log") {
  const World world;
  const std::string nasty = "ann\n99     2026-01-05 10:00:00 UTC  root  trust  \x1b[2J";
  const std::string folder = world.at("ar\nch \xff");
  world.release("K20260105_01", kernel_release("K20260105_01", {{1, 1}}));
  patchferry::make_folder(folder);
  write_contents(folder + "/K20260105_01.tar.bz2", contents(world.at("downloads/K20260105_01.tar.bz2")));
  ::setenv("SUDO_USER", nasty.c_str(), 1);
  const auto adopted = typed({"adopt", "--base", world.base(), folder});
  ::unsetenv("SUDO_USER");
  REQUIRE(adopted.code == 0);
  const auto shown = log_of(world);
  CHECK(std::count(shown.out.begin(), shown.out.end(), '\n') == 3);  // the heading, init, adopt
  CHECK(shown.out.find('\x1b') == std::string::npos);
  const auto exported = log_of(world, {"--json"});
  const auto entries = entries_of(exported);
  REQUIRE(entries.size() == 2);
  CHECK(entries[1].at("who").get<std::string>().starts_with("ann\\x0a99"));
  CHECK(entries[1].at("detail").get<std::string>().find("ar\\x0ach \\xff, 1 patchset: K20260105_01") != std::string::npos);
  CHECK(log_of(world, {"--verify"}).code == 0);
  CHECK(audited(world, exported.out).first == 0);
}
