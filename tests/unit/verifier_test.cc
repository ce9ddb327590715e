// SPDX-License-Identifier: Apache-2.0
// What a courier can do to a bundle, and that it is refused by name.
#include <catch2/catch.hpp>

#include <algorithm>
#include <sys/resource.h>
#include <sys/stat.h>

#include "system/failure.h"
#include "tests/unit/small_bundle.h"

using namespace patchferry;
using namespace patchferry::test;

TEST_CASE("an untouched bundle is good, in one volume and in several") {
  const TempFolder temp;
  write_small_bundle(temp / "one");
  CHECK(verify_all({temp / "one"}, trust_in(1)).empty());
  write_small_bundle(temp / "many", {.volume_size = kSmallVolume});
  REQUIRE(volumes_in(temp / "many").size() >= 2);
  CHECK(verify_all({temp / "many"}, trust_in(1)).empty());
  for (const auto& volume : volumes_in(temp / "many")) CHECK(size_of(volume) <= kSmallVolume);
}

TEST_CASE("a key that nobody enrolled is not believed, whatever it signed") {
  const TempFolder temp;
  write_small_bundle(temp / "b", {.key = 2});
  CHECK(kinds(verify_all({temp / "b"}, trust_in(1))) == std::vector{RefusalKind::untrusted});
}

TEST_CASE("all findings are reported, not only the first") {
  const TempFolder temp;
  write_small_bundle(temp / "b", {.volume_size = kSmallVolume});
  const auto volumes = volumes_in(temp / "b");
  Bytes first = slurp(volumes[0]);
  first.back() ^= std::byte{1};
  spit(volumes[0], first);
  Bytes last = slurp(volumes.back());
  last.back() ^= std::byte{1};
  spit(volumes.back(), last);
  spit(temp / "b/README.txt", as_bytes("run setup.exe"));
  const auto found = kinds(verify_all({temp / "b"}, trust_in(1)));
  CHECK(found == std::vector{RefusalKind::altered_readme, RefusalKind::damaged, RefusalKind::damaged});
}

TEST_CASE("links and pipes in place of a volume are not followed, opened or waited for") {
  const TempFolder temp;
  write_small_bundle(temp / "b");
  make_folder(temp / "links");
  make_symlink(volumes_in(temp / "b").front(), temp / "links/0001.pfv");
  CHECK(kinds(verify_all({temp / "links"}, trust_in(1))) == std::vector{RefusalKind::not_regular});
  make_folder(temp / "pipes");
  REQUIRE(::mkfifo((temp / "pipes/0001.pfv").c_str(), 0600) == 0);
  CHECK(kinds(verify_all({temp / "pipes"}, trust_in(1))) == std::vector{RefusalKind::not_regular});
}

TEST_CASE("what is not a bundle says so") {
  const TempFolder temp;
  CHECK(kinds(verify_all({temp.path()}, trust_in(1))) == std::vector{RefusalKind::not_a_bundle});
  spit(temp / "x.pfv", as_bytes(std::string(1000, 'a')));
  CHECK(kinds(verify_all({temp.path()}, trust_in(1))) == std::vector{RefusalKind::malformed});
  CHECK_THROWS_AS(verify_all({temp / "nowhere"}, trust_in(1)), UsageError);
}

TEST_CASE("a volume size too small for the description is refused at once") {
  const TempFolder files;
  CHECK_THROWS_AS(small_bundle(files, {.volume_size = 2000}), UsageError);
}

TEST_CASE("a bundle of more volumes than the usual limit of open files is verified all the same") {
  const TempFolder temp;
  write_small_bundle(temp / "b", {.volume_size = 60000, .first = std::string(10000000, 'y')});
  REQUIRE(volumes_in(temp / "b").size() > 200);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit few = before;
  few.rlim_cur = 128;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  CHECK(verify_all({temp / "b"}, trust_in(1)).empty());
  ::setrlimit(RLIMIT_NOFILE, &before);
}
