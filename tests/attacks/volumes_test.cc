// SPDX-License-Identifier: Apache-2.0
// Volumes that are missing, cut, extended, swapped, given twice, or of another bundle: each is told apart.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tests/quick_folders.h"
#include "tests/scenario/refused.h"
#include "tests/unit/small_bundle.h"

using namespace patchferry;
using namespace patchferry::test;

TEST_CASE("a volume cut short at any byte is reported, and so is one byte too many") {
  const QuickFolders quick;
  const TempFolder temp;
  write_small_bundle(temp / "b");
  const std::string path = volumes_in(temp / "b").front();
  const std::string whole = contents(path);
  const std::size_t description = regions_of(whole).back().begin;
  for (std::size_t size = 0; size < whole.size(); size += size < description + 100 ? 1 : 97) {
    write_contents(path, whole.substr(0, size));
    const auto findings = verify_all({temp / "b"}, trust_in(1));
    INFO("cut to " << size);
    REQUIRE_FALSE(findings.empty());
    CHECK(findings.front().kind == RefusalKind::cut);
  }
  for (const std::size_t more : {1U, 512U, 4096U}) {
    write_contents(path, whole + std::string(more, '\0'));
    CHECK(kinds(verify_all({temp / "b"}, trust_in(1))) == std::vector{RefusalKind::extended});
  }
}

TEST_CASE("a volume cut at the edge of any block, or beside it, is reported, and nothing of the cut block is believed") {
  const QuickFolders quick;
  const TempFolder temp;
  write_small_bundle(temp / "b", {.first = noise(3, 3'000'000)});
  const std::string path = volumes_in(temp / "b").front();
  const std::string whole = contents(path);
  const std::size_t payload = regions_of(whole).back().begin;
  unsigned edges = 0;
  for (std::size_t edge = payload; edge < whole.size(); edge += 1U << 20, ++edges)
    for (const std::size_t size : {edge - 1, edge, edge + 1}) {
      INFO("cut to " << size);
      write_contents(path, whole.substr(0, size));
      const auto found = kinds(verify_all({temp / "b"}, trust_in(1)));
      CHECK(found == std::vector{RefusalKind::cut});
    }
  CHECK(edges == 3);
}

TEST_CASE("of any two volumes swapped in what they say or in what they hold, both are found out") {
  const QuickFolders quick;
  const TempFolder temp;
  write_small_bundle(temp / "b", {.volume_size = kSmallVolume, .first = noise(5, 12'000)});
  const auto volumes = volumes_in(temp / "b");
  REQUIRE(volumes.size() >= 3);
  std::vector<std::string> good;
  for (const auto& volume : volumes) good.push_back(contents(volume));
  for (std::size_t i = 0; i < volumes.size(); ++i)
    for (std::size_t j = i + 1; j < volumes.size(); ++j) {
      INFO("volumes " << i + 1 << " and " << j + 1);
      // Their numbers.
      std::string one = good[i], other = good[j];
      std::swap(one[12], other[12]);
      write_contents(volumes[i], one);
      write_contents(volumes[j], other);
      const auto numbers = verify_all({temp / "b"}, trust_in(1));
      CHECK(std::count_if(numbers.begin(), numbers.end(), [](const Refusal& f) { return f.kind == RefusalKind::damaged; }) == 2);
      // Their payload, under descriptions that are good.
      const std::size_t begin_one = regions_of(good[i]).back().begin, begin_other = regions_of(good[j]).back().begin;
      write_contents(volumes[i], good[i].substr(0, begin_one) + good[j].substr(begin_other));
      write_contents(volumes[j], good[j].substr(0, begin_other) + good[i].substr(begin_one));
      std::set<std::string> blamed;
      for (const auto& f : verify_all({temp / "b"}, trust_in(1))) {
        CHECK((f.kind == RefusalKind::damaged || f.kind == RefusalKind::cut || f.kind == RefusalKind::extended));
        blamed.insert(file_name_of(f.where));
      }
      CHECK(blamed.size() == 2);
      write_contents(volumes[i], good[i]);
      write_contents(volumes[j], good[j]);
    }
  CHECK(verify_all({temp / "b"}, trust_in(1)).empty());
}

TEST_CASE("missing, repeated, swapped and foreign volumes are told apart") {
  const TempFolder temp;
  write_small_bundle(temp / "b", {.volume_size = kSmallVolume});
  const auto volumes = volumes_in(temp / "b");
  REQUIRE(volumes.size() >= 2);

  SECTION("each proper subset lacks exactly the others") {
    for (unsigned here = 1; here + 1 < (1U << volumes.size()); ++here) {
      std::vector<std::string> some;
      for (std::size_t i = 0; i < volumes.size(); ++i)
        if ((here >> i & 1U) != 0) some.push_back(volumes[i]);
      const auto findings = verify_all(some, trust_in(1));
      CHECK(findings.size() == volumes.size() - some.size());
      for (const auto& f : findings) CHECK(f.kind == RefusalKind::missing_volume);
    }
  }
  SECTION("a volume that is here twice") {
    make_folder(temp / "again");
    spit(temp / "again/copy.pfv", slurp(volumes[0]));
    CHECK(kinds(verify_all({temp / "b", temp / "again"}, trust_in(1))) == std::vector{RefusalKind::repeated_volume});
  }
  SECTION("names may be swapped: what a volume is, its content says") {
    rename_path(volumes[0], temp / "x");
    rename_path(volumes[1], volumes[0]);
    rename_path(temp / "x", volumes[1]);
    CHECK(verify_all({temp / "b"}, trust_in(1)).empty());
  }
  SECTION("a volume that claims another's number") {
    Bytes bytes = slurp(volumes[0]);
    bytes[12] = std::byte{2};
    spit(volumes[0], bytes);
    const auto found = kinds(verify_all({temp / "b"}, trust_in(1)));
    REQUIRE_FALSE(found.empty());
    CHECK(found.front() == RefusalKind::damaged);
  }
  SECTION("a volume of another bundle") {
    write_small_bundle(temp / "other", {.sequence = 8, .bundle = 0xb1, .volume_size = kSmallVolume});
    remove_file(volumes[1]);
    const auto found = kinds(verify_all({temp / "b", volumes_in(temp / "other")[1]}, trust_in(1)));
    CHECK(std::count(found.begin(), found.end(), RefusalKind::foreign_volume) == 1);
    CHECK(std::count(found.begin(), found.end(), RefusalKind::missing_volume) == 1);
  }
  SECTION("volumes in several folders are one bundle") {
    make_folder(temp / "second");
    rename_path(volumes[1], temp / "second/" + file_name_of(volumes[1]));
    CHECK(verify_all({temp / "b", temp / "second"}, trust_in(1)).empty());
  }
}
