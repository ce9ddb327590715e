// SPDX-License-Identifier: Apache-2.0
// Volumes that are missing, cut, extended, swapped, given twice, or of another bundle: each is told apart.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/unit/small_bundle.h"

using namespace patchferry;
using namespace patchferry::test;

TEST_CASE("a volume cut short at any byte is reported, and so is one byte too many") {
  const TempFolder temp;
  write_small_bundle(temp / "b");
  const std::string path = volumes_in(temp / "b").front();
  const Bytes whole = slurp(path);
  for (std::size_t size = 0; size < whole.size(); size += size < 2048 ? 1 : 97) {
    spit(path, ByteSpan(whole).first(size));
    const auto findings = verify_all({temp / "b"}, trust_in(1));
    INFO("cut to " << size);
    REQUIRE_FALSE(findings.empty());
    CHECK(findings.front().kind == RefusalKind::cut);
  }
  Bytes longer = whole;
  longer.push_back(std::byte{0});
  spit(path, longer);
  CHECK(kinds(verify_all({temp / "b"}, trust_in(1))) == std::vector{RefusalKind::extended});
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
