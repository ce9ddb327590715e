// SPDX-License-Identifier: Apache-2.0
// A manifest as large as it may be, full of what takes most memory to hold: whoever reads it takes little.
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "bundle-format/manifest_reader.h"
#include "bundle-format/statement.h"
#include "tests/attacks/resealed.h"
#include "tests/quick_folders.h"
#include "tests/scenario/world.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

constexpr std::uint64_t kVerifyBound = 64ULL << 20;
constexpr std::uint64_t kImportBound = 256ULL << 20;

/// "ITEM,ITEM,…", of at most so many bytes.
template <class Item>
std::string many(std::size_t bytes, std::uint64_t most, Item item) {
  std::string out;
  for (std::uint64_t i = 0; i < most; ++i) {
    const std::string one = item(i);
    if (out.size() + one.size() + 1 > bytes) break;
    out += (i == 0 ? "" : ",") + one;
  }
  return out;
}

std::string fix(std::uint64_t i, const std::string& kernels) {
  return fmt::format(R"({{"cve":"CVE-2026-{:07}","cvss10":1,"kernels":[{}]}})", i, kernels);
}
std::string kernel(std::uint64_t i) { return fmt::format("\"{:05}\"", i); }

/// What is put into the lists of a manifest, of as many bytes as there is room for.
struct Filling {
  const char* what;
  std::uint64_t kernels;
  std::string (*fixes)(std::size_t room);
};

const Filling kFillings[] = {
    {"fixes for ten kernels each", 10,
     [](std::size_t room) {
       return many(room, kMaxManifestObjects, [](std::uint64_t i) { return fix(i, "0,1,2,3,4,5,6,7,8,9"); });
     }},
    {"fixes for no kernel", 10,
     [](std::size_t room) { return many(room, kMaxManifestObjects, [](std::uint64_t i) { return fix(i, ""); }); }},
    {"kernels, and fixes for one of them", kMaxManifestKernels,
     [](std::size_t room) { return many(room, kMaxManifestObjects, [](std::uint64_t i) { return fix(i, "0"); }); }},
    {"fixes for a thousand kernels each", 1000,
     [](std::size_t room) {
       const std::string all = many(room, 1000, [](std::uint64_t i) { return std::to_string(i); });
       return many(room, 1900, [&](std::uint64_t i) { return fix(i, all); });
     }},
};

/// In a process of its own: the memory of a program that is started later counts from what this one has.
template <class Work>
void apart(Work work) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
}

/// A bundle in `world`, whose first patchset has all the fixes.
std::string bundle_with(const World& world, const Filling& filling) {
  world.release_kernels("K20260105_01", {{1, 1}});
  const std::string bundle = world.export_full();
  remove_file(bundle + "/README.txt");
  const std::string path = volumes_of(bundle).front();
  const auto key = SigningKey::decode(contents(world.at("ops.key")), "");
  REQUIRE(key);
  Resealed hostile(contents(path));
  auto manifest = nlohmann::json::parse(hostile.manifest);
  manifest["kernels"] = nlohmann::json::array();
  manifest["patchsets"][0]["fixes"] = nlohmann::json::array();
  hostile.manifest = manifest.dump();
  apart([&] {
    const auto fill = [&](const std::string& list, const std::string& what) {
      hostile.manifest.insert(hostile.manifest.find('"' + list + "\":[]") + list.size() + 4, what);
    };
    fill("kernels", many(kMaxManifest, filling.kernels, kernel));
    fill("fixes", filling.fixes(kMaxManifest - hostile.manifest.size()));
    hostile.bind();
    write_contents(path, hostile.sealed(*key));
  });
  return bundle;
}

}  // namespace

TEST_CASE("a manifest as large as it may be is verified and inspected in 64 MiB, whatever fills it") {
  const QuickFolders quick;
  for (const auto& filling : kFillings) {
    const World world;
    const std::string bundle = bundle_with(world, filling);
    for (const auto& done : {world.verify({bundle}), typed({"inspect", bundle})}) {
      INFO(filling.what << ": " << done.peak_memory << " bytes\n" << done.err);
      CHECK(done.code == 0);
      CHECK(done.peak_memory < kVerifyBound);
    }
  }
}

TEST_CASE("a bundle whose manifest is as large as it may be is imported in 256 MiB, whatever fills it", "[slow]") {
  const QuickFolders quick;
  for (const auto& filling : kFillings) {
    const World world;
    const auto done = world.import({bundle_with(world, filling)});
    INFO(filling.what << ": " << done.peak_memory << " bytes\n" << done.err);
    CHECK(done.code == 0);
    CHECK(done.peak_memory < kImportBound);
  }
}
