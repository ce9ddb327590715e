// SPDX-License-Identifier: Apache-2.0
// Archives that hold as much as an archive may, and are good: several of them in one command take no more memory than one of them nearly does.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fmt/format.h>

#include "bundle-format/archive/member_names.h"
#include "tests/quick_folders.h"
#include "tests/scenario/world.h"
#include "tests/unit/read_archives.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

constexpr std::uint64_t kBound = 256ULL << 20;
constexpr std::size_t kMembers = kMaxMembers - 1000;  // folders that are only implied count as well
constexpr std::size_t kStep = 20'000;  // members of which the tar is in memory at once, so that this process stays small

/// Work on four archives at once, however many cores there are.
class FourCores {
 public:
  FourCores() {
    if (const char* before = std::getenv("PATCHFERRY_CORES")) before_ = before;
    ::setenv("PATCHFERRY_CORES", "4", 1);
  }
  ~FourCores() { before_ ? ::setenv("PATCHFERRY_CORES", before_->c_str(), 1) : ::unsetenv("PATCHFERRY_CORES"); }
  FourCores(const FourCores&) = delete;
  FourCores& operator=(const FourCores&) = delete;

 private:
  std::optional<std::string> before_;
};

/// Four archives, each with `members` empty files; of their names nothing is left to be added by anybody.
Words archives_in(const World& world, std::size_t members, std::string (*name)(std::size_t)) {
  Words out;
  for (int day = 1; day <= 4; ++day) {
    const std::string path = world.at(fmt::format("downloads/K2026030{}_01.tar.bz2", day));
    std::string packing;
    for (std::size_t at = 0; at < members; at += kStep) {
      TarBuilder tar;
      for (std::size_t i = at; i < std::min(members, at + kStep); ++i) tar.header({.name = name(i)});
      packing += as_text(packed(at + kStep < members ? tar.unfinished() : tar.finish(), Packing::bzip2));
    }
    write_contents(path, packing);
    out.push_back(path);
  }
  return out;
}

std::string beside_levels(std::size_t i) { return fmt::format("m/{:0>90}", i); }
std::string in_a_level(std::size_t i) { return fmt::format("{}/1/{:0>50}", kKhash, i); }

void check(const char* what, const Outcome& done) {
  INFO(what << ": " << done.peak_memory << " bytes\n" << done.err);
  CHECK(done.code == 0);
  CHECK(done.peak_memory < kBound);
}

void check_all(std::size_t members, std::string (*name)(std::size_t)) {
  const QuickFolders quick;
  const FourCores four;
  const World world;
  const Words archives = archives_in(world, members, name);
  const auto with = [&](Words words) {
    words.insert(words.end(), archives.begin(), archives.end());
    return typed(words);
  };
  world.init(world.at("other"));
  check("deploy", with({"deploy", "--base", world.at("other")}));
  CHECK(names_in(world.at("other/arch")).size() == 4);
  remove_tree(world.at("other"));
  check("mirror add", with({"mirror", "add", "--store", world.at("store")}));
  const std::string bundle = world.export_full();
  check("import", world.import({bundle}));
  CHECK(names_in(world.base() + "/arch").size() == 4);
}

}  // namespace

TEST_CASE("four archives of as many members as there may be, which are all good, take bounded memory together", "[slow]") {
  check_all(kMembers, beside_levels);
}

TEST_CASE("four archives of as many served files as one bundle may bring, which are all good, take bounded memory together",
          "[slow]") {
  check_all(150'000, in_a_level);  // more in four archives of one bundle are refused
}

TEST_CASE("four archives with recipes as large as there may be, which are all good, take bounded memory together", "[slow]") {
  check_all(60'000, beside_levels);
}
