// SPDX-License-Identifier: Apache-2.0
// Backups that are killed, and where they may not go: whatever holds the site's secret key does not lie about.
#include <catch2/catch.hpp>
#include <csignal>
#include <set>

#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

constexpr const char* kFirst = "plant1-2026-07-01.tar";

std::string left_over(const std::string& folder, const std::string& name) { return folder + "/." + name + ".backup-partial"; }

/// A backup with contents, which has come as far as its partial file and stands still there.
Process stopped_backup(const World& world, const std::string& file) {
  const std::string partial = left_over(parent_of(file), file_name_of(file));
  for (;;) {
    Process backup({"patchferry", "backup", "--base", world.base(), "--to", file, "--contents"});
    while (backup.is_running()) {
      if (!exists(partial)) continue;
      ::kill(backup.id(), SIGSTOP);
      if (exists(partial)) return backup;
      ::kill(backup.id(), SIGCONT);
    }
    remove_file(file);  // it was too quick to be seen
  }
}

}  // namespace

TEST_CASE("what killed backups leave is taken away by the next one into that folder, whatever its name, and nothing else is") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 8'000'000);
  REQUIRE(world.import({world.export_full()}).code == 0);
  const std::string other = world.at("other");
  world.init(other, "plant9");
  const std::string folder = world.at("kept");
  make_folder(folder);
  const std::set<std::string> of_others = {".letter.partial", ".notes.database", ".backup-partial", ".link.backup-partial"};
  for (const auto& name : of_others)
    if (name != ".link.backup-partial") write_contents(folder + "/" + name, "dear all\n");
  make_symlink(folder + "/.letter.partial", folder + "/.link.backup-partial");
  write_contents(folder + "/.older.tar.backup-database", "SQLite format 3");  // of a backup whose other file is gone
  const auto with = [&](std::set<std::string> more) {
    more.insert(of_others.begin(), of_others.end());
    return std::vector<std::string>(more.begin(), more.end());
  };

  Process first = stopped_backup(world, folder + "/" + kFirst);
  const auto beside = typed({"backup", "--base", other, "--to", folder + "/plant9.tar"});
  INFO(beside.err);
  REQUIRE(beside.code == 0);
  CHECK(exists(left_over(folder, kFirst)));
  // Nobody else writes that file meanwhile.
  const auto same = typed({"backup", "--base", other, "--to", folder + "/" + kFirst});
  CHECK(same.code == 3);
  CHECK(says(same.err, "another command"));
  ::kill(first.id(), SIGCONT);
  const auto done = first.wait();
  INFO(done.err);
  CHECK(done.code == 0);
  CHECK(says(done.err, folder + "/older.tar"));
  CHECK(names_in(folder) == with({kFirst, "plant9.tar"}));
  CHECK(typed({"restore", "--base", world.at("moved"), folder + "/" + kFirst}).code == 0);

  // Killed, each leaves its own; a dated name never comes again.
  for (const char* name : {"plant1-2026-07-02.tar", "plant1-2026-07-03.tar"}) {
    Process killed = stopped_backup(world, folder + "/" + name);
    killed.kill();
    CHECK(killed.wait().code == 128 + SIGKILL);
    CHECK(exists(left_over(folder, name)));
  }
  const auto next = typed({"backup", "--base", other, "--to", folder + "/plant9.tar"});
  INFO(next.err);
  CHECK(next.code == 0);
  CHECK(says(next.err, "plant1-2026-07-03.tar"));
  CHECK(names_in(folder) == with({kFirst, "plant9.tar"}));
}

TEST_CASE("a backup goes into a file, never to standard output, since it holds the secret key of the site") {
  const World world;
  const std::string config = world.at("config.toml");
  write_contents(config, "base = \"" + world.base() + "\"\n");
  const Configured configured(config);
  for (const Words& words : {Words{"patchferry", "backup", "--to", "-"}, Words{"patchferry", "backup", "--to", "-", "--json"},
                             Words{"kc.eportal", "backup", "-"}}) {
    const auto done = run(words);
    INFO(words[0] << ": " << done.err);
    CHECK(done.code == 2);
    CHECK(done.out.empty());
    CHECK(says(done.err, "holds the secret key of the site"));
    CHECK(says(done.err, "plant1.backup"));
  }
  CHECK_FALSE(exists("-"));
  CHECK_FALSE(exists("./.-.backup-partial"));
}
