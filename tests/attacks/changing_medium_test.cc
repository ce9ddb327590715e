// SPDX-License-Identifier: Apache-2.0
// A medium that answers differently the second time, shrinks, grows or fails while it is read: what was hashed is what is
// stored, or nothing is. The medium is a module that is preloaded into the programs.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "bundle-format/hash.h"
#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

/// As long as it is there, programs meet the files beneath a folder so (tests/changing-medium/changing_medium.cc).
class ChangingMedium {
 public:
  ChangingMedium(const std::string& folder, const std::string& how, int at = 0, const std::string& log = {}) {
    ::setenv("CHANGING_MEDIUM", canonical_path(folder).c_str(), 1);
    ::setenv("CHANGING_MEDIUM_HOW", how.c_str(), 1);
    ::setenv("CHANGING_MEDIUM_AT", std::to_string(at).c_str(), 1);
    ::setenv("CHANGING_MEDIUM_LOG", log.c_str(), 1);
    ::setenv("LD_PRELOAD", PATCHFERRY_CHANGING_MEDIUM, 1);
  }
  ~ChangingMedium() {
    for (const char* name : {"CHANGING_MEDIUM", "CHANGING_MEDIUM_HOW", "CHANGING_MEDIUM_AT", "CHANGING_MEDIUM_LOG", "LD_PRELOAD"})
      ::unsetenv(name);
  }
  ChangingMedium(const ChangingMedium&) = delete;
  ChangingMedium& operator=(const ChangingMedium&) = delete;
};

struct Reads {
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  std::uint64_t twice = 0;  // bytes that were read more than once
};

Reads reads_in(const std::string& log) {
  Reads out;
  std::map<std::string, std::vector<std::pair<std::uint64_t, std::uint64_t>>> by_file;
  std::istringstream lines(contents(log));
  std::string file;
  for (std::uint64_t offset = 0, bytes = 0; lines >> file >> offset >> bytes; ++out.count) {
    out.bytes += bytes;
    by_file[file].emplace_back(offset, offset + bytes);
  }
  for (auto& [name, parts] : by_file) {
    std::sort(parts.begin(), parts.end());
    std::uint64_t end = 0;
    for (const auto& [from, to] : parts) {
      out.twice += std::min(end, to) - std::min(end, from);
      end = std::max(end, to);
    }
  }
  return out;
}

std::uint64_t bytes_in(const std::string& folder) {
  std::uint64_t out = 0;
  for (const auto& name : names_in(folder)) out += contents(folder + "/" + name).size();
  return out;
}

/// A bundle of three volumes with two blocks and more, on a stick.
struct Stick {
  World world;
  std::string bundle;
  Stick() {
    world.release_kernels("K20260105_01", {{1, 1}, {2, 1}}, 30'000);
    bundle = world.export_full({"--volume-size", "30KB"});
    REQUIRE(volumes_of(bundle).size() >= 3);
  }
};

Outcome verify(const Stick& stick) { return stick.world.verify({stick.bundle, "--json"}); }

/// How many reads a whole import takes.
int reads_of_import(const Stick& stick) {
  const std::string base = stick.world.at("counted"), log = stick.world.at("count.log");
  stick.world.init(base);
  const ChangingMedium medium(stick.bundle, "", 0, log);
  REQUIRE(stick.world.import_into(base, {stick.bundle}).code == 0);
  return static_cast<int>(reads_in(log).count);
}

}  // namespace

TEST_CASE("import and verify read every byte of the medium, and none twice") {
  const Stick stick;
  for (const std::string command : {"verify", "import"}) {
    INFO(command);
    const std::string log = stick.world.at(command + ".log");
    const ChangingMedium medium(stick.bundle, "", 0, log);
    const Outcome done = command == "verify" ? verify(stick) : stick.world.import({stick.bundle});
    INFO(done.err);
    REQUIRE(done.code == 0);
    const Reads reads = reads_in(log);
    CHECK(reads.twice == 0);
    // The description is the same in the last volume: there, nobody needs it again.
    CHECK(reads.bytes <= bytes_in(stick.bundle));
    CHECK(reads.bytes > bytes_in(stick.bundle) / 2);
  }
}

TEST_CASE("a medium that answers differently the second time changes nothing: there is no second time") {
  const Stick stick;
  const ChangingMedium medium(stick.bundle, "again");
  CHECK(verify(stick).code == 0);
  const Outcome done = stick.world.import({stick.bundle});
  INFO(done.err);
  REQUIRE(done.code == 0);
  stick.world.check_archives(stick.world.base(), {"K20260105_01"});
  CHECK(served(stick.world.base()).at(khash(1) + "/1/kpatch.bin") == noise(1001, 30'000));
}

TEST_CASE("an archive on a medium that answers differently the second time is stored as it was hashed") {
  const World world;
  write_archive(world.at("downloads/K20260105_01.tar.bz2"), kernel_release("K20260105_01", {{1, 1}}, 30'000));
  const std::string log = world.at("reads.log");
  const ChangingMedium medium(world.at("downloads"), "again", 0, log);
  const auto deployed = typed({"deploy", "--base", world.base(), world.at("downloads/K20260105_01.tar.bz2")});
  INFO(deployed.err);
  REQUIRE(deployed.code == 0);
  CHECK(reads_in(log).twice == 0);
  world.check_archives(world.base(), {"K20260105_01"});
}

TEST_CASE("a bundle that changes between verify and import is refused by import, for it looks for itself") {
  const Stick stick;
  REQUIRE(verify(stick).code == 0);
  const auto before = visible(stick.world.base());
  const std::string volume = volumes_of(stick.bundle)[1];
  std::string bytes = contents(volume);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_contents(volume, bytes);
  const auto done = stick.world.import({stick.bundle, "--json"});
  CHECK(done.code == 1);
  CHECK(kinds_of(done) == std::vector<std::string>{"damaged"});
  CHECK(visible(stick.world.base()) == before);
}

TEST_CASE("a medium that shrinks at any read is cut short, and nothing of it becomes visible; whole again, it is imported") {
  const Stick stick;
  const auto before = visible(stick.world.base());
  const int reads = reads_of_import(stick);
  for (int at = 0; at < reads; ++at) {
    INFO("from read " << at << " of " << reads);
    {
      const ChangingMedium medium(stick.bundle, "shrink", at);
      const auto verified = verify(stick);
      CHECK(verified.code == 1);
      CHECK(json_of(verified).at("findings").at(0).at("kind") != "");
      const auto imported = stick.world.import({stick.bundle, "--json"});
      INFO(imported.out << imported.err);
      CHECK((imported.code == 1 || imported.code == 5));
      const auto kinds = kinds_of(imported);
      REQUIRE_FALSE(kinds.empty());
      for (const auto& kind : kinds) CHECK((kind == "cut" || kind == "altered-readme" || kind == "missing-volume"));
    }
    CHECK(visible(stick.world.base()) == before);
  }
  CHECK(stick.world.import({stick.bundle}).code == 0);
  stick.world.check_archives(stick.world.base(), {"K20260105_01"});
}

TEST_CASE("a medium that fails at any read is the machine's failure, and nothing of it becomes visible; mended, it is imported") {
  const Stick stick;
  const auto before = visible(stick.world.base());
  const int reads = reads_of_import(stick);
  for (int at = 0; at < reads; ++at) {
    INFO("read " << at << " of " << reads);
    {
      const ChangingMedium medium(stick.bundle, "fail", at);
      CHECK(verify(stick).code == 3);
      const auto imported = stick.world.import({stick.bundle});
      INFO(imported.err);
      CHECK(imported.code == 3);
      CHECK(says(imported.err, "Input/output error"));
    }
    CHECK(visible(stick.world.base()) == before);
  }
  CHECK(stick.world.import({stick.bundle}).code == 0);
}

TEST_CASE("a medium whose files grow while they are read is refused as extended") {
  const Stick stick;
  const auto before = visible(stick.world.base());
  {
    const ChangingMedium medium(stick.bundle, "grow");
    const auto verified = verify(stick);
    INFO(verified.out);
    CHECK(verified.code == 1);
    const auto imported = stick.world.import({stick.bundle, "--json"});
    INFO(imported.out << imported.err);
    CHECK(imported.code == 1);
    for (const auto& kinds : {kinds_of(verified), kinds_of(imported)})
      CHECK(std::count(kinds.begin(), kinds.end(), "extended") >= 1);
  }
  CHECK(visible(stick.world.base()) == before);
  CHECK(stick.world.import({stick.bundle}).code == 0);
}

TEST_CASE("a file that changes while it is read is stored as it was looked at, or refused") {
  const World world;
  std::string wholes[2];
  for (unsigned i = 0; i < 2; ++i) {
    auto members = kernel_release("K20260105_01", {{1, 1}}, 200'000);
    members[0].content = noise(77 + i, 200'000);
    wholes[i] = archive_of(members, "ustar", "gzip");
  }
  const std::size_t size = std::min(wholes[0].size(), wholes[1].size());
  const std::string path = world.at("downloads/K16012017_1.tgz");
  write_contents(path, wholes[0]);
  std::atomic<bool> is_over = false;
  std::thread writer([&] {
    for (unsigned i = 0; !is_over; ++i) {
      const Fd file = open_file(path, O_WRONLY);
      for (std::size_t at = 0; at < size; at += 4096)
        write_all(file, at, as_bytes(wholes[i % 2]).subspan(at, std::min<std::size_t>(4096, size - at)));
    }
  });
  for (int i = 0; i < 15; ++i) {
    const TempFolder folder;
    const std::string base = folder / "base";
    world.init(base);
    const auto done = typed({"deploy", "--base", base, path});
    INFO(done.err);
    CHECK((done.code == 0 || done.code == 1));
    const auto list = json_of(typed({"list", "--base", base, "--json"})).at("patchsets");
    REQUIRE(list.size() == (done.code == 0 ? 1U : 0U));
    CHECK(names_in(base + "/arch").size() == list.size());
    if (list.empty()) continue;
    const std::string stored = contents(base + "/arch/K16012017_1.tgz");
    CHECK(list.at(0).at("archive").at("sha256") == to_hex(sha256(as_bytes(stored))));
    CHECK((stored == wholes[0] || stored == wholes[1]));
    CHECK((served(base).at(khash(1) + "/1/kpatch.bin") == noise(stored == wholes[0] ? 77 : 78, 200'000)));
  }
  is_over = true;
  writer.join();
}
