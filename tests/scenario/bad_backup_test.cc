// SPDX-License-Identifier: Apache-2.0
// Backups that were damaged on their way, and machines that give out while one is made or put back: the base is whole, or there
// is none, and the same command finishes.
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;
using namespace std::chrono_literals;

namespace {

struct Kept {
  World world;
  std::string file = world.at("site.backup");

  explicit Kept(const Words& more = {}, std::size_t patch_bytes = 300) {
    for (unsigned i = 1; i <= 4; ++i)
      world.release_kernels(fmt::format("K202601{:02}_01", i), {{i, 1}, {i + 10, 1}}, patch_bytes);
    REQUIRE(world.import({world.export_full()}).code == 0);
    Words words = {"backup", "--base", world.base(), "--to", file};
    words.insert(words.end(), more.begin(), more.end());
    REQUIRE(typed(words).code == 0);
  }
  Outcome restore(const std::string& base, const std::string& from) const { return typed({"restore", "--base", base, from}); }
};

void check_refused(const Kept& kept, const std::string& bytes) {
  const std::string bad = kept.world.at("bad.backup");
  const std::string base = kept.world.at("new");
  write_contents(bad, bytes);
  const auto done = kept.restore(base, bad);
  INFO(done.err);
  REQUIRE(done.code == 1);
  REQUIRE(says(done.err, "hint: "));
  REQUIRE_FALSE(exists(base));
}

}  // namespace

TEST_CASE("a damaged, cut or lengthened backup is refused, and leaves nothing behind") {
  const Kept kept({"--contents"});
  const std::string bytes = contents(kept.file);
  for (std::size_t i = 0; i < 40; ++i) {
    INFO(i);
    std::string bad = bytes;
    char& byte = bad[i * (bytes.size() - 1) / 39];
    byte = static_cast<char>(byte ^ (1 << (i % 8)));
    check_refused(kept, bad);
    if (i % 8 == 0) check_refused(kept, bytes.substr(0, i * bytes.size() / 40));
  }
  check_refused(kept, bytes + "x");
  // Nor is anything of it put into a base that is there.
  const auto before = visible(kept.world.base());
  const auto database = contents(kept.world.base() + "/patchferry.sqlite");
  const auto names = names_in(kept.world.base());
  write_contents(kept.world.at("bad.backup"), bytes.substr(0, bytes.size() - 2000));
  CHECK(typed({"restore", "--base", kept.world.base(), "--into-existing", kept.world.at("bad.backup")}).code == 1);
  CHECK(visible(kept.world.base()) == before);
  CHECK(contents(kept.world.base() + "/patchferry.sqlite") == database);
  CHECK(names_in(kept.world.base()) == names);
}

TEST_CASE("every byte of a small backup matters", "[slow]") {
  const Kept kept;
  const std::string bytes = contents(kept.file);
  for (std::size_t i = 0; i < bytes.size(); i += 7) {
    INFO(i);
    std::string bad = bytes;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
    check_refused(kept, bad);
  }
}

TEST_CASE("what is typed wrongly for restore is said, and nothing is made") {
  const Kept kept;
  const std::string base = kept.world.at("new");
  CHECK(typed({"restore", "--base", base}).code == 2);
  CHECK(typed({"restore", "--base", base, kept.world.at("no-such-file")}).code == 2);
  CHECK(typed({"restore", "--base", base, kept.world.at("downloads")}).code == 2);
  CHECK(typed({"restore", "--base", base, "--into-existing", kept.file}).code == 2);
  CHECK(typed({"restore", "--base", kept.world.at("no/such/folder"), kept.file}).code == 2);
  CHECK_FALSE(exists(base));
  const auto used = typed({"restore", "--base", kept.world.at("downloads"), kept.file});
  CHECK(used.code == 2);
  CHECK(says(used.err, "is not empty"));
}

TEST_CASE("killed at any moment, a restore leaves a base or none, and the same command finishes") {
  const Kept kept({"--contents"}, 400'000);
  const auto wanted = served(kept.world.base());
  unsigned placed = 0, killed = 0;
  for (int i = 0; i < 12; ++i) {  // tests/crash does it at every call
    const std::string base = kept.world.at(fmt::format("new-{}", i));
    {
      Process process({"patchferry-site", "restore", "--base", base, kept.file});
      std::this_thread::sleep_for(std::chrono::milliseconds(2 + i * 15));
      if (process.is_running()) ++killed;
      process.kill();
      process.wait();
    }
    INFO(i);
    if (exists(base + "/patchferry.sqlite")) {
      ++placed;
      CHECK(typed({"list", "--base", base}).code == 0);
      CHECK((served(base) == wanted));
    } else if (exists(base)) {
      CHECK(typed({"list", "--base", base}).code == 2);
    }
    const auto again = kept.restore(base, kept.file);
    INFO(again.err);
    CHECK((again.code == 0 || (again.code == 2 && says(again.err, "already"))));
    CHECK((served(base) == wanted));
    CHECK(names_in(base) == names_in(kept.world.base()));
    CHECK(typed({"log", "--base", base, "--verify"}).code == 0);
    run({"/bin/rm", "-r", base});
  }
  CHECK(killed > 1);
  CHECK(placed < 12);
}

TEST_CASE("killed at any moment, a restore into a base that is there leaves the former database or the one put back") {
  const Kept kept({"--contents"}, 200'000);
  const auto wanted = served(kept.world.base());
  const std::string base = kept.world.base();
  for (int i = 0; i < 12; ++i) {
    {
      Process process({"patchferry-site", "restore", "--base", base, "--into-existing", kept.file});
      std::this_thread::sleep_for(std::chrono::milliseconds(1 + i * 7));
      process.kill();
      process.wait();
    }
    INFO(i);
    CHECK(typed({"list", "--base", base}).code == 0);
    CHECK((served(base) == wanted));
    if (i % 4 != 3) continue;
    CHECK(typed({"restore", "--base", base, "--into-existing", kept.file}).code == 0);
    CHECK_FALSE(exists(base + "/.restoring"));
    CHECK_FALSE(exists(base + "/.restored-contents"));
    CHECK((served(base) == wanted));
  }
}

TEST_CASE("a disk that is full while a backup is made keeps the earlier one; while one is put back, it is left as it was") {
  if (const auto reason = MemoryFileSystem::why_not(); !reason.empty()) {
    WARN("not run: " << reason);
    return;
  }
  const Kept kept({"--contents"}, 200'000);
  make_folder(kept.world.at("small"));
  MemoryFileSystem small(kept.world.at("small"), "size=1m");
  const std::string file = kept.world.at("small/site.backup");
  const Words back_up = {"backup", "--base", kept.world.base(), "--to", file};
  REQUIRE(typed(back_up).code == 0);
  const auto earlier = contents(file);
  Words with_contents = back_up;
  with_contents.emplace_back("--contents");
  const auto full = typed(with_contents);
  CHECK(full.code == 3);
  CHECK(says(full.err, "hint: "));
  CHECK(contents(file) == earlier);
  CHECK(names_in(kept.world.at("small")) == Words{"site.backup"});

  const auto restored = kept.restore(kept.world.at("small/base"), kept.file);
  CHECK(restored.code == 3);
  CHECK(names_in(kept.world.at("small")) == Words{"site.backup"});

  // Room for the backup, and not for all that is made of it.
  for (const char* size : {"size=3600k", "size=3800k", "size=4200k", "size=5m"}) {
    INFO(size);
    small.change(size);
    const auto done = kept.restore(kept.world.at("small/base"), kept.file);
    INFO(done.err);
    if (done.code == 0) break;
    CHECK(done.code == 3);
    CHECK(names_in(kept.world.at("small")) == Words{"site.backup"});
  }
  small.change("size=40m");
  if (!exists(kept.world.at("small/base"))) CHECK(kept.restore(kept.world.at("small/base"), kept.file).code == 0);
  CHECK((served(kept.world.at("small/base")) == served(kept.world.base())));
}
