// SPDX-License-Identifier: Apache-2.0
// Hundreds of hostile archives, given at once to each command that takes archives: nothing is written outside, no link leads out,
// nothing crashes, and memory and time are bounded.
#include <algorithm>
#include <boost/filesystem.hpp>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <sys/stat.h>

#include "bundle-format/hash.h"
#include "tests/attacks/hostile_tars.h"
#include "tests/quick_folders.h"
#include "tests/scenario/world.h"
#include "tests/unit/tar_builder.h"

using namespace patchferry;
using namespace patchferry::test;
namespace fs = boost::filesystem;

namespace {

constexpr std::uint64_t kBound = 128ULL << 20;
constexpr rlim_t kSeconds = 60;  // of the processor; a hang, not a measure of speed

std::string name_of_number(std::size_t i) {
  return fmt::format("K2026{:02}{:02}_{:02}", i / 900 + 1, i / 30 % 28 + 1, i % 30 + 1);
}

struct Jail {
  QuickFolders quick;
  World world;
  std::vector<HostileArchive> all = hostile_archives();
  std::string folder = world.at("hostile");

  Jail() {
    make_folder(folder);
    for (std::size_t i = 0; i < all.size(); ++i) write_contents(file_of(i), all[i].bytes);
  }
  std::string file_of(std::size_t i) const { return folder + "/" + name_of_number(i) + ".tar.bz2"; }

  /// Every path beneath the world's folder but those beneath `but`, with what it is.
  std::map<std::string, std::string> outside(const std::string& but) const {
    std::map<std::string, std::string> out;
    for (fs::recursive_directory_iterator it(world.at("")), end; it != end; ++it) {
      const std::string path = it->path().string();
      if (path == but || path.starts_with(but + "/")) continue;
      struct stat st {};
      REQUIRE(::lstat(path.c_str(), &st) == 0);
      out[path] =
          fmt::format("{:o} {} {}", st.st_mode, st.st_size, S_ISREG(st.st_mode) ? to_hex(sha256(as_bytes(contents(path)))) : "");
    }
    return out;
  }
};

/// Runs with a limit on the processor's time that only a hang reaches.
Outcome bounded(const Words& words) {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_CPU, &before) == 0);
  rlimit now = before;
  now.rlim_cur = kSeconds;
  REQUIRE(::setrlimit(RLIMIT_CPU, &now) == 0);
  Outcome done = typed(words);
  REQUIRE(::setrlimit(RLIMIT_CPU, &before) == 0);
  INFO(done.err);
  CHECK(done.code < 128);
  CHECK(done.peak_memory < kBound);
  return done;
}

/// Files, folders, and links of ours: to a generation, or from a pointer to a level.
void check_tame(const std::string& folder) {
  for (fs::recursive_directory_iterator it(folder), end; it != end; ++it) {
    const std::string path = it->path().string();
    INFO(path);
    struct stat st {};
    REQUIRE(::lstat(path.c_str(), &st) == 0);
    CHECK((S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode)));
    CHECK((S_ISLNK(st.st_mode) || (st.st_mode & (S_ISUID | S_ISGID | S_ISVTX)) == 0));
    if (S_ISLNK(st.st_mode)) {
      const fs::path target = fs::canonical(path);
      CHECK(target.string().starts_with(fs::canonical(folder).string() + "/"));
    }
  }
}

/// That every archive was judged as it should be, by what the command has printed.
void check_refusals(const Jail& jail, const Outcome& done) {
  std::map<std::string, std::string> kinds;
  const auto document = json_of(done);
  for (const auto& one : document.at("refused")) kinds[file_name_of(one.at("file"))] = one.at("kind");
  std::size_t refused = 0;
  for (std::size_t i = 0; i < jail.all.size(); ++i) {
    const auto& given = jail.all[i];
    INFO(given.what);
    const auto found = kinds.find(file_name_of(jail.file_of(i)));
    const std::string kind = found == kinds.end() ? "accepted" : found->second;
    CAPTURE(kind);
    refused += kind == "accepted" ? 0U : 1U;
    if (given.refused.empty())
      CHECK(kind == "accepted");
    else
      CHECK(std::count(given.refused.begin(), given.refused.end(), kind) == 1);
  }
  CHECK(refused == kinds.size());
}

}  // namespace

TEST_CASE("hundreds of hostile archives: deploy refuses each by its kind, and writes nothing outside") {
  const Jail jail;
  REQUIRE(jail.all.size() > 400);
  const auto before = jail.outside(jail.world.base());
  Words words = {"deploy", "--base", jail.world.base(), "--json"};
  for (std::size_t i = 0; i < jail.all.size(); ++i) words.push_back(jail.file_of(i));
  const Outcome done = bounded(words);
  CHECK(done.code == 5);
  check_refusals(jail, done);
  CHECK(jail.outside(jail.world.base()) == before);
  check_tame(jail.world.base());
  CHECK(typed({"check", "--base", jail.world.base()}).code == 0);
}

TEST_CASE("hundreds of hostile archives: adopt refuses each by its kind, and writes nothing outside") {
  const Jail jail;
  const auto before = jail.outside(jail.world.base());
  const Outcome done = bounded({"adopt", "--base", jail.world.base(), jail.folder, "--json"});
  CHECK(done.code == 5);
  check_refusals(jail, done);
  CHECK(jail.outside(jail.world.base()) == before);
  check_tame(jail.world.base());
}

TEST_CASE("hundreds of hostile archives: a store refuses each by its kind, and writes nothing outside") {
  const Jail jail;
  const std::string store = jail.world.at("store");
  const auto before = jail.outside(store);
  const Outcome done = bounded({"mirror", "add", "--store", store, jail.folder, "--json"});
  CHECK(done.code == 5);
  check_refusals(jail, done);
  CHECK(jail.outside(store) == before);
  check_tame(store);
}

TEST_CASE("what an archive held that is refused at its last member is not kept, whatever good ones stand beside it") {
  const QuickFolders quick;
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string folder = world.at("downloads"), bad = "K20260107_01", held = "held by a bad one";
  TarBuilder tar;
  tar.file(fmt::format("{}/{:040x}/1/kpatch.bin", bad, 7), held).file("../out", "x");
  write_contents(folder + "/" + bad + ".tar.bz2", std::string(as_text(packed(tar.finish(), Packing::bzip2))));
  const std::string object = "/objects/" + to_hex(sha256(as_bytes(held))).substr(0, 2) + "/" + to_hex(sha256(as_bytes(held)));
  const auto refuses = [&](const Words& command, const std::string& base) {
    const auto done = typed(command);
    INFO(done.err);
    CHECK(done.code == 5);
    CHECK(json_of(done).at("refused").at(0).at("kind") == "hostile-member");
    CHECK(is_folder(base + "/objects"));
    CHECK_FALSE(exists(base + object));
  };
  const std::string good = folder + "/K20260105_01.tar.bz2", other = folder + "/" + bad + ".tar.bz2";
  refuses({"deploy", "--base", world.base(), "--json", good, other}, world.base());
  for (const bool deploys : {true, false}) {
    const std::string base = world.at(deploys ? "adopts" : "adopts-only");
    world.init(base);
    Words words = {"adopt", "--base", base, folder, "--json"};
    if (!deploys) words.emplace_back("--no-deploy");
    refuses(words, base);
  }
  refuses({"mirror", "add", "--store", world.at("new-store"), folder, "--json"}, world.at("new-store"));
}
