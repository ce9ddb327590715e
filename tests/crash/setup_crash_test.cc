// SPDX-License-Identifier: Apache-2.0
// How a base begins, is kept and comes back, with everything that may go wrong with the disk beneath it.
#include <catch2/catch.hpp>

#include "tests/crash/sites.h"

using namespace patchferry::test;

namespace {

/// Of a command that makes a base: the second time there is one.
bool is_there(const Outcome& outcome) {
  return outcome.code == 0 || (outcome.code == 2 && says(outcome.err, "is a Patchferry base already"));
}

/// Where the command, typed again, may leave something else; what it says is done lasts all the same.
void let_differ(Questions& questions, const std::vector<std::string>& paths) {
  questions.lasting = questions.whole;
  questions.whole = [whole = questions.whole, paths] {
    Shown out = whole();
    for (const auto& path : paths) out.erase(path);
    return out;
  };
}

void release_two(const CrashWorld& world) {
  world->release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 2'000);
  world->release_kernels("K20260114_01", {{1, 2}, {3, 1}}, 2'000);
}

void prove_init(unsigned slices) {
  CrashWorld world;
  Questions questions = questions_for_base(world);
  questions.is_done = is_there;
  // Typed again, it says that there is a base; what it had not done yet, any command does.
  questions.whole = [whole = questions.whole, base = world.base()] {
    if (patchferry::exists(base + "/patchferry.sqlite")) typed({"status", "--base", base});
    return whole();
  };
  let_differ(questions, {"ledger.copy"});  // the keys of the site are others each time, and so is what they vouch for
  Proof("init", world.live(), world.site_words({"init", "--site", "plant1", "--trust", world->at("ops.pub")}), questions, slices)
      .all();
}

void prove_restore(unsigned slices) {
  CrashWorld world;
  release_two(world);
  REQUIRE(world->import({world->export_full()}).code == 0);
  const std::string file = world->at("site.backup");
  REQUIRE(typed({"backup", "--base", world->base(), "--to", file, "--contents"}).code == 0);
  Questions questions = questions_for_base(world);
  questions.is_done = is_there;
  Proof("restore", world.live(), world.site_words({"restore", file}), questions, slices).all();
}

void prove_restore_over(unsigned slices) {
  CrashWorld world;
  release_two(world);
  world->init(world.base());
  world.site({"import", world->export_full()});
  const std::string file = world->at("site.backup");
  world.site({"backup", "--to", file, "--contents"});
  REQUIRE(typed({"disable", "--base", world.base(), "--feed", "main", "K20260114_01"}).code == 0);
  Questions questions = questions_for_base(world);
  let_differ(questions, {"audit.head", "rows of audit"});  // each time is one more
  Proof("restore over a base", world.live(), world.site_words({"restore", "--into-existing", file}), questions, slices).all();
}

void prove_backup(unsigned slices) {
  CrashWorld world;
  release_two(world);
  world->init(world.base());
  world.site({"import", world->export_full()});
  const std::string file = world.live() + "/kept/site.backup";
  patchferry::make_folder(world.live() + "/kept");
  Questions questions = questions_for_base(world);
  questions.unsound = [unsound = questions.unsound, file] {
    auto out = unsound();
    for (const auto& name : names_in(patchferry::parent_of(file)))
      if (name != "site.backup") out.push_back("left over: " + name);
    const TempFolder folder;
    const auto back = typed({"restore", "--base", folder / "base", file});
    if (back.code != 0) out.push_back("the backup cannot be put back: " + back.err);
    return out;
  };
  let_differ(questions, {"audit.head", "rows of audit"});  // each is one more
  Proof("backup", world.live(), world.site_words({"backup", "--to", file, "--contents"}), questions, slices).all();
}

}  // namespace

TEST_CASE("whatever a disk does to init, there is a base or none, and the same command finishes") {
  prove_or_skip(prove_init, kSlices);
}
TEST_CASE("whatever a disk does to a restore, there is a base or none, and the same command finishes") {
  prove_or_skip(prove_restore, kSlices);
}
TEST_CASE("whatever a disk does to a restore over a base, it is the former or the one put back, and the same command finishes") {
  prove_or_skip(prove_restore_over, kSlices);
}
TEST_CASE("whatever a disk does to a backup, the base is unharmed, and the same command makes one that can be put back") {
  prove_or_skip(prove_backup, kSlices);
}
TEST_CASE("every call of init", "[slow]") { prove_or_skip(prove_init, 0); }
TEST_CASE("every call of a restore", "[slow]") { prove_or_skip(prove_restore, 0); }
TEST_CASE("every call of a restore over a base", "[slow]") { prove_or_skip(prove_restore_over, 0); }
TEST_CASE("every call of a backup", "[slow]") { prove_or_skip(prove_backup, 0); }
