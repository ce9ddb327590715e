// SPDX-License-Identifier: Apache-2.0
// Archives made at random, by many tar formats and compressors: each comes back byte for byte out of its recipe, and says the
// same of itself by its recipe as by itself.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <random>

#include "bundle-format/archive/plain_archive_work.h"
#include "bundle-format/archive/dissect.h"
#include "bundle-format/archive/rebuild.h"
#include "tests/temp_folder.h"
#include "tests/unit/bzip2_files.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t limit) { return random() % limit; }

void write_random_file(const std::string& path, Random& random, bool may_have_holes) {
  const Fd file = open_file(path, O_WRONLY | O_CREAT | O_EXCL);
  switch (below(random, 6)) {
    case 0: return;  // empty
    case 1: return write_all(file, random_bytes(1 + below(random, 200), random()));
    case 2: return write_all(file, words(below(random, 300'000), random()));
    case 3: return write_all(file, random_bytes(below(random, 60'000), random(), 2 + static_cast<unsigned>(below(random, 5))));
    case 4:
      write_all(file, random_bytes(1 + below(random, 5000), random()));
      if (may_have_holes) write_all(file, 4096 * (2 + below(random, 200)), random_bytes(1 + below(random, 5000), random()));
      return;
    default: return write_all(file, repeated(fmt::format("{}", random()), 512 * below(random, 300)));
  }
}

std::string khash_of(std::size_t kernel) { return fmt::format("{:040x}", kernel + 1); }

/// A release as a folder; some contents stand in it twice.
void write_release(const std::string& top, Random& random, bool may_have_holes, bool long_names) {
  make_folders(top);
  std::string copied;
  for (std::size_t kernel = 0; kernel < 1 + below(random, 3); ++kernel) {
    for (std::size_t level = 1; level < 2 + below(random, 3); ++level) {
      const std::string folder = fmt::format("{}/{}/{}", top, khash_of(kernel), level);
      make_folders(folder);
      write_random_file(folder + "/kpatch.bin", random, may_have_holes);
      write_all(open_file(folder + "/kpatch.info", O_WRONLY | O_CREAT),
                as_bytes(fmt::format("kernel: 6.1.{}\n\nkpatch-cve: CVE-2026-{}\nkpatch-cvss: 7.8\n", kernel, 1000 + level)));
      if (long_names) write_random_file(folder + "/" + std::string(110 + below(random, 40), 'n'), random, may_have_holes);
      if (!copied.empty() && below(random, 2) == 0)
        copy_bytes(open_file(copied, O_RDONLY), open_file(folder + "/again", O_WRONLY | O_CREAT));
      copied = folder + "/kpatch.bin";
    }
    write_all(open_file(fmt::format("{}/{}/latest.v1", top, khash_of(kernel)), O_WRONLY | O_CREAT), as_bytes("1\n"));
  }
}

/// How the archive is made: a tar, and what comes behind.
std::string random_command(Random& random, std::string& format) {
  const std::vector<std::string> formats = {"v7", "ustar", "gnu", "oldgnu", "pax", "gnu -S", "pax -S"};
  const std::vector<std::string> compressors = {
      "bzip2 -1",
      "bzip2 -5",
      "bzip2 -9",
      "pbzip2 -p2 -b3",
      "lbzip2 -n2",
      "lbzip2 -3 -n1",
      "7z a -tbzip2 -si -so -an -bd",
      "python3 -c \"import bz2,sys;sys.stdout.buffer.write(bz2.compress(sys.stdin.buffer.read(),4))\""};
  format = formats[below(random, formats.size())];
  return compressors[below(random, compressors.size())];
}

struct Made {
  std::string path;
  std::string how;
};

Made random_archive(const TempFolder& work, const std::string& name, Random& random) {
  std::string format;
  const std::string compressor = random_command(random, format);
  write_release(work / name, random, format.ends_with("-S"), format != "v7" && format != "ustar");
  Made made{work / (name + ".tar.bz2"), format + " | " + compressor};
  const int done = std::system(
      fmt::format("tar -C {} --format={} -cf - {} | {} > {} 2>/dev/null", work.path(), format, name, compressor, made.path)
          .c_str());
  REQUIRE(done == 0);
  if (below(random, 5) == 0) {
    made.how += ", and bytes behind";
    write_all(open_file(made.path, O_WRONLY | O_APPEND), random_bytes(1 + below(random, 3000), random()));
  }
  return made;
}

bool same(const PatchsetContents& a, const PatchsetContents& b) {
  if (a.levels.size() != b.levels.size() || a.pointers.size() != b.pointers.size() || a.files != b.files ||
      a.expanded_bytes != b.expanded_bytes)
    return false;
  for (std::size_t i = 0; i < a.levels.size(); ++i)
    if (a.levels[i].ident != b.levels[i].ident || a.levels[i].level != b.levels[i].level ||
        a.levels[i].digest() != b.levels[i].digest() || a.levels[i].info.kernel != b.levels[i].info.kernel ||
        a.levels[i].info.fixes.size() != b.levels[i].info.fixes.size())
      return false;
  for (std::size_t i = 0; i < a.pointers.size(); ++i)
    if (a.pointers[i].name != b.pointers[i].name || a.pointers[i].text != b.pointers[i].text) return false;
  return true;
}

void check_round_trip(unsigned seed) {
  Random random(seed);
  const TempFolder work;
  const auto name = parse_archive_name("K20260105_01.tar.bz2");
  REQUIRE(name);
  const Made made = random_archive(work, name->patchset.text, random);
  INFO("seed " << seed << ": " << made.how);
  const Fd archive = open_file(made.path, O_RDONLY);
  const Digest hash = hash_file(archive);
  const std::string kept = work / "contents";
  make_folders(kept);
  const auto path_of = [&](const Digest& content) { return kept + "/" + to_hex(content); };
  LargeTurn turn;
  const auto apart = dissect(plain_archive_work(), archive, *name, hash, unsigned_limits(size_of(archive)), kept, path_of, turn);
  if (!apart) FAIL(apart.error().text);
  INFO(apart->why_none);
  REQUIRE(apart->recipe);
  for (const auto& file : apart->files) CHECK(hash_file(open_file(path_of(file.content), O_RDONLY)) == file.content);

  const auto recipe = decode_recipe(apart->recipe->bytes());
  REQUIRE(recipe);
  const OpenContent open = [&](const Digest& content, std::uint64_t) -> Result<Fd> {
    return open_file(path_of(content), O_RDONLY);
  };
  Bytes again;
  const auto rebuilt = rebuild_archive(plain_archive_work(), *recipe, open,
                                       [&](ByteSpan part) { again.insert(again.end(), part.begin(), part.end()); });
  REQUIRE(rebuilt);
  const auto original = read_whole(made.path, 1 << 30);
  CHECK(again == *original);

  // Passing over contents that are known comes to the same as reading all.
  FileKeeper nothing;
  RecipeSource stream(*recipe, open);
  const auto by_recipe = read_contents(plain_archive_work(), stream, *name, unsigned_limits(size_of(archive)), nothing);
  REQUIRE(by_recipe);
  CHECK(same(*by_recipe, apart->contents));
}

}  // namespace

TEST_CASE("archives made at random come back byte for byte out of their recipes") {
  for (unsigned seed = 1; seed <= 40; ++seed) check_round_trip(seed);
}

TEST_CASE("many archives made at random come back byte for byte out of their recipes", "[slow]") {
  for (unsigned seed = 1000; seed < 1600; ++seed) check_round_trip(seed);
}

TEST_CASE("an archive whose contents rot while it is being proven has no recipe") {
  const TempFolder work;
  Random random(3);
  const auto name = parse_archive_name("K20260105_01.tar.bz2");
  const Made made = random_archive(work, name->patchset.text, random);
  const Fd archive = open_file(made.path, O_RDONLY);
  make_folders(work / "contents");
  Digest wrong = hash_file(archive);
  wrong[0] ^= std::byte{1};  // as if what is made were another archive
  LargeTurn turn;
  const auto apart = dissect(
      plain_archive_work(), archive, *name, wrong, unsigned_limits(size_of(archive)), work / "contents",
      [&](const Digest& content) { return work / ("contents/" + to_hex(content)); }, turn);
  REQUIRE(apart);
  CHECK_FALSE(apart->recipe);
  CHECK_FALSE(apart->why_none.empty());
}
