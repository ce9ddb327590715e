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

namespace {

std::vector<RefusalKind> kinds(const Findings& findings) {
  std::vector<RefusalKind> out;
  for (const auto& f : findings) out.push_back(f.kind);
  return out;
}

std::vector<std::string> volumes_in(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& name : folder_entries(folder))
    if (name.ends_with(".pfv")) out.push_back(folder + "/" + name);
  return out;
}

constexpr std::uint64_t kSmallVolume = 9000;  // three volumes of the small bundle

}  // namespace

TEST_CASE("an untouched bundle is good, in one volume and in several") {
  const TempFolder temp;
  write_small_bundle(temp / "one");
  CHECK(verify_all({temp / "one"}, trust_in(1)).empty());
  write_small_bundle(temp / "many", {.volume_size = kSmallVolume});
  REQUIRE(volumes_in(temp / "many").size() >= 2);
  CHECK(verify_all({temp / "many"}, trust_in(1)).empty());
  for (const auto& volume : volumes_in(temp / "many")) CHECK(size_of(volume) <= kSmallVolume);
}

TEST_CASE("every bit of a small bundle, flipped, is refused") {
  const TempFolder temp;
  write_small_bundle(temp / "b", {.volume_size = kSmallVolume});
  const auto anchors = trust_in(1);
  for (const auto& path : volumes_in(temp / "b")) {
    Bytes bytes = slurp(path);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      // All bits of what is looked at first, one bit of each byte of the rest.
      const unsigned bits = at < 1024 ? 8 : 1;
      for (unsigned bit = 0; bit < bits; ++bit) {
        const auto mask = static_cast<std::byte>(1U << ((bit + at) % 8));
        const Fd file = open_file(path, 1);
        bytes[at] ^= mask;
        write_all(file, at, ByteSpan(bytes).subspan(at, 1));
        const auto findings = verify_all({temp / "b"}, anchors);
        bytes[at] ^= mask;
        write_all(file, at, ByteSpan(bytes).subspan(at, 1));
        if (findings.empty()) FAIL("byte " << at << " of " << path << " flipped, and accepted");
      }
    }
  }
  CHECK(verify_all({temp / "b"}, anchors).empty());
}

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
