// SPDX-License-Identifier: Apache-2.0
// The disk of the crash proofs: what it says a power cut leaves is what POSIX promises, and no more.
#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <set>
#include <sys/stat.h>

#include "tests/crash/faults.h"
#include "tests/scenario/world.h"
#include "tests/temp_folder.h"

using namespace patchferry::test;

namespace {

/// A folder with a/old ("old bytes") and an empty b/, and calls made up on it. New inodes are numbered from 1.
class Played {
 public:
  Played() {
    patchferry::make_folder(folder_ / "a");
    patchferry::make_folder(folder_ / "b");
    write_contents(folder_ / "a/old", "old bytes");
    disk_ = std::make_unique<Disk>(folder_.path());
  }
  std::uint64_t inode_of(const std::string& path) const {
    struct stat st {};
    REQUIRE(::lstat((folder_.path() + path).c_str(), &st) == 0);
    return st.st_ino;
  }
  void call(Call call, std::uint64_t node, const std::string& path = "", const std::string& to = "", std::uint64_t offset = 0,
            const std::string& data = "", std::uint32_t mode = 0644) {
    disk_->apply({{0, node, offset, 0, call, mode, 0, 0}, path, to, data});
  }
  void rename(const std::string& from, const std::string& to, std::uint32_t flags = 0) {
    call(Call::rename, 0, from, to, 0, "", flags);
  }
  void sync(const std::string& folder) { call(Call::sync, inode_of(folder.empty() ? "" : "/" + folder)); }

  using Left = std::map<std::string, std::string>;
  /// The files and links that are left.
  Left left(Cut cut, unsigned seed = 1) const {
    std::mt19937 dice(seed);
    Left out;
    for (const auto& [path, thing] : disk_->after(cut, dice))
      if (thing.bytes) out[path] = *thing.bytes;
    return out;
  }

 private:
  patchferry::test::TempFolder folder_;
  std::unique_ptr<Disk> disk_;
};

using Left = Played::Left;

}  // namespace

TEST_CASE("of a new file, its bytes are durable by a sync of the file, its name by one of its folder") {
  Played p;
  p.call(Call::create, 1, "a/new");
  p.call(Call::write, 1, "", "", 0, "bytes");
  CHECK(p.left(Cut::nothing_lost) == Left{{"a/old", "old bytes"}, {"a/new", "bytes"}});
  CHECK(p.left(Cut::strict) == Left{{"a/old", "old bytes"}});
  const std::string lost = p.left(Cut::bytes_lost).at("a/new");
  CHECK((lost.empty() || lost == std::string(5, '\0')));
  p.call(Call::sync, 1);
  CHECK(p.left(Cut::strict) == Left{{"a/old", "old bytes"}});
  CHECK(p.left(Cut::bytes_lost).at("a/new") == "bytes");
  p.sync("a");
  CHECK(p.left(Cut::strict) == Left{{"a/old", "old bytes"}, {"a/new", "bytes"}});
}

TEST_CASE("what is written over a durable file is durable by its sync alone") {
  Played p;
  const auto old = p.inode_of("/a/old");
  p.call(Call::write, old, "", "", 0, "NEW");
  p.call(Call::truncate, old, "", "", 5);
  CHECK(p.left(Cut::strict).at("a/old") == "old bytes");
  CHECK(p.left(Cut::names_lost).at("a/old") == "NEW b");
  CHECK(p.left(Cut::bytes_lost).at("a/old") == "old bytes");
  std::set<std::string> torn;
  for (unsigned seed = 0; seed < 50; ++seed) torn.insert(p.left(Cut::some_of_each, seed).at("a/old"));
  CHECK(torn == std::set<std::string>{"old bytes", "NEW bytes", "old b", "NEW b"});
  p.call(Call::sync, old);
  CHECK(p.left(Cut::strict).at("a/old") == "NEW b");
}

TEST_CASE("a file without a name is there once it has one that is durable") {
  Played p;
  p.call(Call::create_unnamed, 1);
  p.call(Call::write, 1, "", "", 0, "bytes");
  p.call(Call::sync, 1);
  p.call(Call::link, 1, "", "b/named");
  p.call(Call::link, 1, "", "b/again");
  CHECK(p.left(Cut::strict).size() == 1);
  CHECK(p.left(Cut::nothing_lost).at("b/again") == "bytes");
  p.sync("b");
  CHECK(p.left(Cut::strict) == Left{{"a/old", "old bytes"}, {"b/named", "bytes"}, {"b/again", "bytes"}});
  p.call(Call::unlink, 0, "b/named");
  CHECK(p.left(Cut::strict).count("b/named") == 1);
  p.sync("b");
  CHECK(p.left(Cut::strict).count("b/named") == 0);
}

TEST_CASE("a rename from one folder to another is one step, and drags along what had to come before it") {
  Played p;
  p.call(Call::create, 1, "a/new");
  p.rename("a/new", "b/moved");
  p.rename("a/old", "b/old");
  CHECK(p.left(Cut::strict) == Left{{"a/old", "old bytes"}});
  SECTION("by a sync of where it went") { p.sync("b"); }
  SECTION("by a sync of where it came from") { p.sync("a"); }
  SECTION("by a sync of all") { p.call(Call::sync_all, 0); }
  const auto left = p.left(Cut::names_lost);
  CHECK(left.size() == 2);
  CHECK(left.count("b/moved") == 1);
  CHECK(left.at("b/old") == "old bytes");
}

TEST_CASE("a sync of one folder says nothing of another") {
  Played p;
  p.call(Call::create, 1, "a/one");
  p.call(Call::create, 2, "b/two");
  p.sync("b");
  CHECK(p.left(Cut::names_lost).count("a/one") == 0);
  CHECK(p.left(Cut::names_lost).count("b/two") == 1);
}

TEST_CASE("a folder that is not durable hides what is, and folders change places with all that they hold") {
  Played p;
  p.call(Call::mkdir, 1, "b/deep", "", 0, "", 0755);
  p.call(Call::create, 2, "b/deep/file");
  p.call(Call::sync, 1);
  CHECK(p.left(Cut::strict).size() == 1);
  p.sync("b");
  CHECK(p.left(Cut::strict).count("b/deep/file") == 1);
  p.rename("a", "b/deep", RENAME_EXCHANGE);
  CHECK(p.left(Cut::strict).count("a/old") == 1);
  CHECK(p.left(Cut::nothing_lost).count("a/file") == 1);
  p.sync("");
  CHECK(p.left(Cut::names_lost) == Left{{"a/file", ""}, {"b/deep/old", "old bytes"}});
}

TEST_CASE("names that are not durable are lost from the last one on, in any number") {
  Played p;
  for (unsigned i = 1; i <= 3; ++i) p.call(Call::create, i, "a/" + std::to_string(i));
  p.call(Call::unlink, 0, "a/old");
  std::set<std::string> seen;
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::string names;
    for (const auto& [path, bytes] : p.left(Cut::some_of_each, seed)) names += path.substr(2);
    seen.insert(names);
  }
  CHECK(seen == std::set<std::string>{"old", "1old", "12old", "123old", "123"});
}

TEST_CASE("an inode that is used again is another file") {
  Played p;
  p.call(Call::create, 1, "a/first");
  p.call(Call::write, 1, "", "", 0, "first");
  p.call(Call::unlink, 0, "a/first");
  p.call(Call::create, 1, "a/second");
  p.call(Call::sync_all, 0);
  CHECK(p.left(Cut::strict) == Left{{"a/old", "old bytes"}, {"a/second", ""}});
}

TEST_CASE("a tree laid out from the disk is what it was, links and modes and times too") {
  const TempFolder folder;
  patchferry::make_folder(folder / "from");
  patchferry::make_folder(folder / "to");
  write_contents(folder / "from/file", std::string(100, '\0') + "end");
  patchferry::set_modified(folder / "from/file", 1'234'567);
  REQUIRE(::chmod((folder / "from/file").c_str(), 0400) == 0);
  REQUIRE(::link((folder / "from/file").c_str(), (folder / "from/name").c_str()) == 0);
  patchferry::make_symlink("nowhere", folder / "from/link");
  patchferry::make_folder(folder / "from/inner", 0700);
  std::mt19937 none;
  const auto tree = Disk(folder / "from").after(Cut::strict, none);
  lay_out(tree, folder / "to");
  const auto again = Disk(folder / "to").after(Cut::strict, none);
  CHECK(fingerprint(tree) == fingerprint(again));
  struct stat st {};
  REQUIRE(::stat((folder / "to/name").c_str(), &st) == 0);
  CHECK(st.st_nlink == 2);
  CHECK(st.st_mtime == 1'234'567);
  CHECK((st.st_mode & 07777) == 0400);
}

TEST_CASE("the fault layer counts, fails, halves, interrupts and kills") {
  if (!can_fault()) return;
  const TempFolder folder;
  const std::string live = folder / "live";
  patchferry::make_folder(live);
  write_contents(folder / "from", noise(1, 10'000));
  const Words copy = {"/bin/dd", "if=" + (folder / "from"), "of=" + live + "/to", "bs=1000", "conv=fsync", "status=none"};
  const auto plain = run_with({}, live, copy, true);
  REQUIRE(plain.outcome.code == 0);
  CHECK(plain.journal.front().record.call == Call::create);
  CHECK(plain.journal.back().record.call == Call::sync);
  CHECK(plain.calls == 12);
  CHECK(plain.journal.size() == 12);
  const auto again = [&](const Fault& fault) {
    patchferry::remove_file(live + "/to");
    return run_with(fault, live, copy);
  };
  const auto full = again({"ENOSPC", 5});
  CHECK(says(full.outcome.err, "No space left on device"));
  CHECK(contents(live + "/to").size() == 3000);
  CHECK(full.faults == 1);
  CHECK(again({"ENOSPC", 12}).faults == 0);  // a sync is not what asks for room
  CHECK(says(again({"EIO", 12}).outcome.err, "Input/output error"));
  const auto half = again({"half", 5});
  CHECK(half.faults == 1);
  CHECK(half.outcome.code == 0);
  CHECK(half.calls == 13);
  CHECK(contents(live + "/to") == contents(folder / "from"));
  const auto killed = again({"kill", 5});
  CHECK(killed.outcome.code == 137);
  CHECK(contents(live + "/to").size() == 3000);
  CHECK(again({"ENOSPC", 1, true}).outcome.code == 1);
  CHECK_FALSE(patchferry::exists(live + "/to"));
  const auto interrupted = again({"interrupt", 1});
  CHECK(interrupted.outcome.code == 0);
  CHECK(interrupted.faults > 10);
  CHECK(contents(live + "/to") == contents(folder / "from"));
}
