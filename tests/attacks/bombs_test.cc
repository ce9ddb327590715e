// SPDX-License-Identifier: Apache-2.0
// What is small and unpacks to much: it stops at the ceiling, in little memory.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bundle-format/archive/plain_archive_work.h"
#include "bundle-format/archive/member_names.h"
#include "bundle-format/packs/expand_pack.h"
#include "tests/attacks/resealed.h"
#include "tests/quick_folders.h"
#include "tests/scenario/world.h"
#include "tests/unit/read_archives.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

constexpr std::uint64_t kBound = 64ULL << 20;
/// Where as many members and names are held as there may be (member_names.h), until one more comes.
constexpr std::uint64_t kNamesBound = 160ULL << 20;

std::string text_of(const Bytes& bytes) { return std::string(as_text(bytes)); }

struct Bomb {
  std::string what;
  std::string bytes;  // at most a few hundred kB
  std::string refused;
};

std::vector<Bomb> bombs() {
  std::vector<Bomb> out;
  const auto add = [&](const std::string& what, const Bytes& tar, const std::string& refused) {
    out.push_back({what, text_of(packed(tar, Packing::bzip2)), refused});
  };
  const std::string zeros = text_of(packed(Bytes(1 << 20), Packing::bzip2, 64));
  TarBuilder head;
  head.header({.name = "zeros", .size = 3ULL << 30});
  out.push_back(
      {"a file of 3 GiB, of which 64 MiB are there", text_of(packed(head.unfinished(), Packing::bzip2)) + zeros, "too-large"});
  TarBuilder holes;
  const std::string records = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n36 GNU.sparse.realsize=109951162777\n";
  holes.header({.name = "PaxHeaders/x", .type = 'x', .size = records.size()}).content(records);
  add("holes of 100 GiB", holes.file("zeros", std::string("0\n") + std::string(510, '\0')).finish(), "too-large");
  TarBuilder record;
  record.header({.name = "PaxHeaders/x", .type = 'x', .size = 2ULL << 30});
  out.push_back({"a header of 2 GiB", text_of(packed(record.unfinished(), Packing::bzip2)) + zeros, "not-an-archive"});
  Bytes nested = TarBuilder().file("f", "x").finish();
  for (int i = 0; i < 40; ++i) nested = packed(nested, Packing::bzip2);
  out.push_back({"forty archives within one another", text_of(nested), "not-an-archive"});
  return out;
}

std::vector<Bomb> large_bombs() {
  std::vector<Bomb> out;
  const auto add = [&](const std::string& what, const TarBuilder& tar) {
    out.push_back({what, text_of(packed(tar.finish(), Packing::bzip2)), "too-large"});
  };
  TarBuilder many;
  for (std::uint64_t i = 0; i <= kMaxMembers; ++i) many.header({.name = "m/" + std::to_string(i)});
  add("more members than there may be", many);
  TarBuilder deep;
  for (std::uint64_t i = 0; i <= kMaxMembers / 15; ++i)
    deep.header({.name = std::to_string(i) + "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/f"});
  add("more folders than there may be, all implied", deep);
  TarBuilder named;
  for (int i = 0; i < 150'000; ++i) named.file(fmt::format("{:0>200}/{:0>50}", i, i), "");
  add("names of 37 MB", named);
  TarBuilder end;
  end.file("top/" + kKhash + "/1/kpatch.bin", "x");
  out.push_back({"1.5 GiB of zeros behind the end of a tar",
                 text_of(packed(end.finish(), Packing::bzip2)) + text_of(packed(Bytes(1 << 20), Packing::bzip2, 1500)),
                 "too-large"});
  return out;
}

void check_bombs(const std::vector<Bomb>& bombs, std::uint64_t bound = kBound) {
  const QuickFolders quick;
  const World world;
  for (const auto& bomb : bombs) {
    const std::string path = world.at("downloads/K20260105_01.tar.bz2");
    write_contents(path, bomb.bytes);
    REQUIRE(bomb.bytes.size() < 2'000'000);
    for (const Words& command : {Words{"deploy", "--base", world.base()}, Words{"mirror", "add", "--store", world.at("store")}}) {
      Words words = command;
      words.insert(words.end(), {"--json", path});
      const auto done = typed(words);
      INFO(bomb.what << " by " << command[0] << ": " << done.peak_memory << " bytes\n" << done.err);
      CHECK(done.code == 1);
      CHECK(json_of(done).at("refused").at(0).at("kind") == bomb.refused);
      CHECK(done.peak_memory < bound);
    }
  }
  CHECK(names_in(world.base() + "/arch").empty());
}

}  // namespace

TEST_CASE("a bomb that nobody signed is refused by deploy and by a store, in little memory") { check_bombs(bombs()); }

TEST_CASE("bombs of many members, folders, names and zeros are refused by deploy and by a store, in bounded memory", "[slow]") {
  check_bombs(large_bombs(), kNamesBound);
}

TEST_CASE("an archive in a signed bundle that unpacks to more than was signed stops there, in little memory") {
  const QuickFolders quick;
  const World world;
  const std::string name = "K20260105_01";
  {  // the memory of a program that is started later counts from what this one has
    auto members = kernel_release(name, {{1, 1}}, 300);
    members[0].content = std::string(16 << 20, '\0');
    world.release(name, members);
  }
  const std::string bundle = world.export_full();
  remove_file(bundle + "/README.txt");
  const std::string path = volumes_of(bundle).front(), volume = contents(path);
  const auto key = SigningKey::decode(contents(world.at("ops.key")), "");
  REQUIRE(key);
  const Resealed good(volume);
  CHECK(volume.size() < 100'000);
  const auto before = visible(world.base());
  const auto check_stopped = [&](const Resealed& hostile) {
    write_contents(path, hostile.sealed(*key));
    const auto done = world.import({bundle, "--json"});
    INFO(done.peak_memory << " bytes\n" << done.err);
    CHECK(done.code == 1);
    CHECK(kinds_of(done) == std::vector<std::string>{"too-large"});
    CHECK(done.peak_memory < kBound);
    CHECK(visible(world.base()) == before);
  };
  SECTION("the ceiling of the archive") {
    Resealed hostile(volume);
    const std::string field = "\"expanded\":";
    const auto at = hostile.manifest.find(field) + field.size();
    const auto end = hostile.manifest.find_first_not_of("0123456789", at);
    hostile.manifest.replace(at, end - at, "1000000");
    hostile.bind();
    check_stopped(hostile);
  }
  SECTION("the ceiling of the bundle") {
    Resealed hostile(volume);
    const auto expanded = nlohmann::json::parse(hostile.manifest).at("patchsets").at(0).at("archive").at("expanded");
    put(hostile.statement, 256, 8, expanded.get<std::uint64_t>());  // for the archive alone, and nothing for its contents
    check_stopped(hostile);
  }
  SECTION("as it was signed, it is imported in as little memory") {
    const auto done = world.import({bundle});
    INFO(done.peak_memory << " bytes\n" << done.err);
    CHECK(done.code == 0);
    CHECK(done.peak_memory < kBound);
    world.check_archives(world.base(), {name});
  }
}

TEST_CASE("a frame with a larger window than the format allows is refused before it is expanded") {
  // Magic, a header with an 8-byte content size and a window of 2^30 bytes, then an empty last block.
  const std::uint64_t size = std::uint64_t{1} << 30;
  ByteWriter w;
  w.u32(0xFD2FB528);
  w.u8(0xC0);            // content size in 8 bytes, no single segment
  w.u8((30 - 10) << 3);  // window
  w.u64(size);
  w.u8(1);
  w.u8(0);
  w.u8(0);
  const Bytes stored = w.take();
  const auto out = expand_pack(
      {Codec::zstd, 0, stored.size(), size},
      [&](std::uint64_t at, std::span<std::byte> into) {
        std::copy_n(stored.begin() + static_cast<std::ptrdiff_t>(at), into.size(), into.begin());
      },
      {}, [](ByteSpan) {});
  REQUIRE_FALSE(out);
  CHECK(out.error().text.find("memory") != std::string::npos);
}

TEST_CASE("an archive within an archive is not unpacked") {
  const Bytes tar = small_tar().finish();
  const Bytes once = packed(tar, Packing::bzip2);
  CHECK(kind_of(read_packed(packed(once, Packing::bzip2)).facts) == "not-an-archive");
  CHECK(kind_of(read_packed(packed(packed(tar, Packing::gzip), Packing::bzip2)).facts) == "not-an-archive");
  CHECK(kind_of(read_packed(packed(packed(tar, Packing::gzip), Packing::gzip), Compression::gzip).facts) == "not-an-archive");
  Bytes deep = tar;
  for (int i = 0; i < 40; ++i) deep = packed(deep, Packing::bzip2);
  CHECK(kind_of(read_packed(deep).facts) == "not-an-archive");

  const auto inner = read_tar(TarBuilder().file("inner.tar.bz2", as_text(once)).finish());
  REQUIRE(inner.facts);
  CHECK(inner.log == "inner.tar.bz2=" + std::string(as_text(once)) + ";");
}

TEST_CASE("a bomb stops at the ceiling") {
  const Bytes mebibyte(1 << 20);
  const Bytes part = packed(mebibyte, Packing::bzip2, 64);
  Bytes bomb;
  for (int i = 0; i < 16; ++i) bomb = joined(bomb, part);
  REQUIRE(bomb.size() < 10'000);  // 1 GiB
  TarBuilder head;
  head.header({.name = "zeros", .size = 1ULL << 30});
  const Bytes archive = joined(packed(head.unfinished(), Packing::bzip2), bomb);
  const Fd file = memory_file(archive);
  Counter sink;
  const auto declared = plain_archive_work().read_archive(file, Compression::bzip2, {16 << 20}, sink);
  REQUIRE_FALSE(declared);
  CHECK(declared.error().kind == RefusalKind::too_large);
  CHECK(sink.bytes == 0);

  // Nothing but zeros is a tar that ends at once; what is behind its end is unpacked for the checksums, and counted.
  CHECK(kind_of(read_packed(bomb, Compression::bzip2, {16 << 20}).facts) == "too-large");

  // Zeros behind the end of the tar expand as well.
  const Bytes hidden = joined(packed(small_tar().finish(), Packing::bzip2), bomb);
  CHECK(kind_of(read_packed(hidden, Compression::bzip2, {16 << 20}).facts) == "too-large");
}

TEST_CASE("the ceiling counts every byte of the tar") {
  const Bytes tar = small_tar().finish();
  const Bytes archive = packed(tar, Packing::bzip2);
  CHECK(kind_of(read_packed(archive, Compression::bzip2, {tar.size()}).facts) == "accepted");
  CHECK(kind_of(read_packed(archive, Compression::bzip2, {tar.size() - 1}).facts) == "too-large");
  CHECK(kind_of(read_packed(archive, Compression::bzip2, {0}).facts) == "too-large");
}

TEST_CASE("the unsigned ceiling is 64 GiB and 1000 times the input, small inputs exempt") {
  CHECK(unsigned_limits(0).expanded_bytes == 1ULL << 30);
  CHECK(unsigned_limits((1 << 20) - 1).expanded_bytes == 1ULL << 30);
  CHECK(unsigned_limits(1 << 20).expanded_bytes == 1000ULL << 20);
  CHECK(unsigned_limits(10 << 20).expanded_bytes == 10000ULL << 20);
  CHECK(unsigned_limits(1ULL << 30).expanded_bytes == 64ULL << 30);
  CHECK(unsigned_limits(~0ULL).expanded_bytes == 64ULL << 30);
}
