// SPDX-License-Identifier: Apache-2.0
// What a user-space patch says of itself must agree with its size and with the folder that it lies beneath.
#include <catch2/catch.hpp>
#include <cstring>
#include <map>

#include "bundle-format/archive/plain_archive_work.h"
#include "bundle-format/archive/contents.h"
#include "bundle-format/archive/kpatch1.h"
#include "bundle-format/archive/recipe_source.h"
#include "tests/unit/tar_builder.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

const std::string kId = "2d8f0a6e9c3b41d7a5e60f1b2c3d4e5f60718293";
const std::string kOther = "ffff0a6e9c3b41d7a5e60f1b2c3d4e5f60718293";

std::string kpatch1(const std::string& build_id, std::size_t bytes = 1000) {
  std::string out(bytes, 'p');
  std::fill_n(out.begin(), kKpatch1Header, '\0');
  std::memcpy(out.data(), "KPATCH1", 7);
  std::copy(build_id.begin(), build_id.end(), out.begin() + 80);
  for (int i = 0; i < 4; ++i) out[static_cast<std::size_t>(360 + i)] = static_cast<char>((bytes >> (8 * i)) & 0xff);
  return out;
}

Result<void> judged(const std::string& file, const std::string& build_id = kId) {
  return check_kpatch1(as_bytes(file).first(std::min(file.size(), kKpatch1Header)), file.size(), build_id);
}

void check_refused(const std::string& file, const std::string& part) {
  const auto result = judged(file);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == RefusalKind::malformed);
  INFO(result.error().text);
  CHECK(result.error().text.find(part) != std::string::npos);
}

Result<PatchsetContents> read_patchset(const TarBuilder& tar, const std::string& name) {
  const Fd file = memory_file(packed(tar.finish(), Packing::bzip2));
  FileKeeper nothing;
  return read_contents(plain_archive_work(), file, *parse_archive_name(name + ".tar.bz2"), {}, nothing);
}

Result<PatchsetContents> with_member(const std::string& path, const std::string& content,
                                     const std::string& name = "U20260112_01") {
  TarBuilder tar;
  tar.file(path, content).file("U20260112_01/readme", "so that there is a top folder");
  return read_patchset(tar, name);
}

}  // namespace

TEST_CASE("a whole user-space patch of its folder's build id is good") {
  CHECK(judged(kpatch1(kId)));
  CHECK(judged(kpatch1(kId, kKpatch1Header)));
  CHECK(judged(kpatch1(std::string(255, 'a')), std::string(255, 'a')));
  std::string longer = kpatch1(kId) + "padding of a file system";
  CHECK(judged(longer));
}

TEST_CASE("every field of a user-space patch that is broken is found, and what is no such field is not judged") {
  check_refused(kpatch1(kOther), "says that it patches build id '" + kOther + "', but lies beneath " + kId);
  check_refused(kpatch1(kId.substr(0, 38)), "lies beneath");
  check_refused(kpatch1(kId + "00"), "lies beneath");
  check_refused(kpatch1(""), "lies beneath");
  check_refused(kpatch1("\x1b[2J\"'"), "\\x1b[2J");
  check_refused(kpatch1(std::string(256, 'a')), "does not end");
  std::string large = kpatch1(kId);
  large[360] = static_cast<char>(large[360] + 1);
  check_refused(large, "says that it has 1001 bytes, and has 1000");
  large[363] = '\xff';
  check_refused(large, "says that it has");

  // One byte changed at a time: only the build id, the size, and the magic (which makes it something else) matter.
  const std::string good = kpatch1(kId);
  for (std::size_t i = 0; i < kKpatch1Header; ++i) {
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 0x40);
    const bool matters = (i >= 80 && i <= 80 + kId.size()) || (i >= 361 && i < 364);
    INFO(i);
    CHECK(judged(changed).has_value() != matters);
  }
}

TEST_CASE("a user-space patch cut at any byte is refused, unless too little is left to tell what it was") {
  const std::string good = kpatch1(kId, 700);
  for (std::size_t n = 0; n < good.size(); ++n) {
    INFO(n);
    CHECK(judged(good.substr(0, n)).has_value() == (n < 8));
  }
}

TEST_CASE("a file that begins with another magic is let pass") {
  for (const char* text : {"", "K", "KPATCH1", "KPATCH2", "kpatch1",
                           "\x7f"
                           "ELF and more"})
    CHECK(judged(text));
  std::string second = kpatch1(kOther);
  second[6] = '2';
  CHECK(judged(second));
}

TEST_CASE("an archive is refused for a patch of another build id wherever it would be served, and nowhere else") {
  const std::string wrong = kpatch1(kOther);
  const std::string in_top = "U20260112_01/" + kId + "/2026011201/kpatch.bin";
  const auto refused = with_member(in_top, wrong);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == RefusalKind::malformed);
  CHECK(refused.error().text == "'" + in_top + "' says that it patches build id '" + kOther + "', but lies beneath " + kId);
  CHECK(with_member(in_top, kpatch1(kId)));

  TarBuilder bare;  // no top folder
  bare.file(kId + "/1/kpatch.bin", wrong);
  CHECK_FALSE(read_patchset(bare, "U20260112_01"));
  CHECK_FALSE(read_patchset(bare, "U20260112_01-qemu"));
  CHECK(read_patchset(bare, "K20260112_01"));  // a kernel's is something else, even beneath a khash that looks alike

  CHECK(with_member("U20260112_01/" + kId + "/1/deeper/kpatch.bin", wrong));
  CHECK(with_member("U20260112_01/" + kId + "/1/kpatch.bin.old", wrong));
  CHECK(with_member("U20260112_01/no-build-id/1/kpatch.bin", wrong));
  CHECK(with_member("U20260112_01/" + kId + "/no-level/kpatch.bin", wrong));
}

TEST_CASE("an archive of nothing but broken patches is refused without filling the memory") {
  TarBuilder tar;
  const std::string cut = kpatch1(kId, 700).substr(0, 20);
  for (int i = 0; i < 70'000; ++i) tar.file(kId + "/x" + std::to_string(i) + "/kpatch.bin", cut);
  const auto contents = read_patchset(tar, "U20260112_01");
  REQUIRE_FALSE(contents);
  CHECK(contents.error().kind == RefusalKind::too_large);
}

namespace {

/// The recipe of an archive with this patch in it.
Recipe recipe_of(const std::string& patch) {
  TarBuilder tar;
  // In a top folder: with one folder less, a file so small may be a pointer, and is read whole.
  tar.folder("top").folder("top/" + kId).file("top/" + kId + "/1/kpatch.bin", patch);
  const Bytes stream = tar.finish();
  constexpr std::size_t kBefore = 3 * 512;  // headers
  const auto behind = stream.begin() + kBefore + static_cast<std::ptrdiff_t>(patch.size());
  Recipe recipe;
  recipe.parts = {{kBefore, false, 0}, {patch.size(), true, 0}, {stream.size() - kBefore - patch.size(), false, 0}};
  recipe.contents = {sha256(as_bytes(patch))};
  recipe.literals.assign(stream.begin(), stream.begin() + kBefore);
  recipe.literals.insert(recipe.literals.end(), behind, stream.end());
  return recipe;
}

Result<PatchsetContents> by_recipe(const Recipe& recipe, const OpenContent& open) {
  RecipeSource source(recipe, open);
  FileKeeper nothing;
  return read_contents(plain_archive_work(), source, *parse_archive_name("U20260112_01.tar.bz2"), {}, nothing);
}

}  // namespace

TEST_CASE("a patch that comes as a recipe's content is judged by its header, which is all of it that is read") {
  for (const bool good : {true, false}) {
    const std::string patch = kpatch1(good ? kId : kOther, 5000);
    int opened = 0;
    const auto contents = by_recipe(recipe_of(patch), [&](const Digest&, std::uint64_t) -> Result<Fd> {
      ++opened;
      return memory_file(as_bytes(patch).first(kKpatch1Header));  // whoever reads on, fails
    });
    CHECK(contents.has_value() == good);
    if (!contents) CHECK(contents.error().kind == RefusalKind::malformed);
    CHECK(opened == 1);
  }
}

TEST_CASE("a recipe's patch that is not at hand is missing, not good") {
  const auto contents = by_recipe(recipe_of(kpatch1(kId, 5000)), [](const Digest&, std::uint64_t) -> Result<Fd> {
    return refuse(RefusalKind::incomplete, "gone");
  });
  REQUIRE_FALSE(contents);
  CHECK(contents.error().kind == RefusalKind::incomplete);
}
