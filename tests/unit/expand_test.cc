// SPDX-License-Identifier: Apache-2.0
// Packs become objects, and what is wrong with a pack is refused by its kind before anything of it counts.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <optional>

#include "bundle-format/packs/compress_pack.h"
#include "importer/expand.h"
#include "tests/unit/small_bundle.h"

using namespace patchferry;
using namespace patchferry::importer;
using namespace patchferry::test;

namespace {

/// A base without anything in it, and a staged bundle whose packs are put together by hand.
class Workshop {
 public:
  Workshop() {
    Site::create(files_ / "base", "plant1", {});
    importer::Settings settings;
    settings.base = files_ / "base";
    site_.emplace(settings, Site::Wait::no);
    make_folders(work() + "/objects");
    make_folders(work() + "/arch");
    staged.payload = files_ / "payload";
    spit(staged.payload, {});
  }

  std::string work() const { return files_ / "base/quarantine/work"; }
  std::string object(const std::string& content) const { return work() + "/objects/" + to_hex(sha256(as_bytes(content))); }

  void keep_in_base(const std::string& content, const std::string& bytes) const {
    const std::string path = site_->object_path(sha256(as_bytes(content)));
    make_folders(parent_of(path));
    spit(path, as_bytes(bytes));
  }

  /// `bytes`, compressed against `bases`.
  void add_pack(const std::string& bytes, const std::vector<std::string>& bases = {}) {
    std::string prefix;
    const auto index = static_cast<std::uint32_t>(staged.tables.packs.size());
    for (const auto& base : bases) {
      staged.tables.bases.push_back({index, sha256(as_bytes(base)), base.size()});
      prefix += base;
    }
    const Fd payload = open_file(staged.payload, O_WRONLY | O_APPEND);
    const std::uint64_t begin = size_of(payload);
    PackWriter writer(Effort::fast, as_bytes(prefix), bytes.size(), payload);
    writer.add(as_bytes(bytes));
    staged.tables.packs.push_back({Codec::zstd, begin, writer.finish(), bytes.size()});
  }
  void add_object(const Digest& hash, std::uint64_t bytes, std::uint32_t pack, std::uint64_t offset) {
    auto& all = staged.tables.objects;
    all.push_back({hash, bytes, pack, offset});
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.hash < b.hash; });
  }
  void add_object(const std::string& content, std::uint32_t pack, std::uint64_t offset) {
    add_object(sha256(as_bytes(content)), content.size(), pack, offset);
  }

  Result<void> bring(const std::string& content) {
    PackExpander packs(*site_, staged, work());
    if (auto good = packs.want(sha256(as_bytes(content)), content.size()); !good) return good;
    return packs.run();
  }
  const Site& site() const { return *site_; }

  StagedBundle staged;

 private:
  TempFolder files_;
  std::optional<Site> site_;
};

RefusalKind kind_of(const Result<void>& result) {
  REQUIRE_FALSE(result);
  CHECK_FALSE(result.error().hint.empty());
  return result.error().kind;
}

std::string kept(const std::string& path) { return std::string(as_text(slurp(path))); }

const std::string kFirst = std::string(3000, 'a') + "first";
const std::string kSecond = std::string(3000, 'a') + "second, nearly the first";

}  // namespace

TEST_CASE("a content is expanded against bases at the site and out of an earlier pack, and packs that nobody needs are not") {
  Workshop shop;
  const std::string here = std::string(2000, 'h') + "at the site";
  shop.keep_in_base(here, here);
  shop.add_pack(kFirst);
  shop.add_object(kFirst, 0, 0);
  shop.add_pack(kSecond, {kFirst, here});
  shop.add_object(kSecond, 1, 0);
  shop.add_pack("nobody needs this");
  shop.add_object("nobody needs this", 2, 0);
  REQUIRE(shop.bring(kSecond));
  CHECK(kept(shop.object(kSecond)) == kSecond);
  CHECK(kept(shop.object(kFirst)) == kFirst);  // later bundles may build on it
  CHECK_FALSE(exists(shop.object("nobody needs this")));
}

TEST_CASE("objects may lie in any order in a pack, with bytes between them, and empty ones anywhere") {
  Workshop shop;
  shop.add_pack("..beta..alpha..");
  shop.add_object("alpha", 0, 8);
  shop.add_object("beta", 0, 2);
  const auto end = static_cast<std::uint64_t>(GENERATE(0, 2, 6, 7, 13, 15));
  shop.add_object("", 0, end);
  REQUIRE(shop.bring("alpha"));
  for (const std::string content : {"alpha", "beta", ""}) CHECK(kept(shop.object(content)) == content);
}

TEST_CASE("what the base has already is not written again; what lies there in another size is") {
  Workshop shop;
  shop.add_pack("onetwo");
  shop.add_object("one", 0, 0);
  shop.add_object("two", 0, 3);
  shop.keep_in_base("one", "one");
  shop.keep_in_base("two", "tw");
  REQUIRE(shop.bring("two"));
  CHECK_FALSE(exists(shop.object("one")));
  CHECK(kept(shop.object("two")) == "two");
}

TEST_CASE("the room that is needed counts what will be written once: no pack that nobody needs, nothing that is here") {
  Workshop shop;
  shop.add_pack("onetwo");
  shop.add_object("one", 0, 0);
  shop.add_object("two", 0, 3);
  shop.add_pack("an archive");
  shop.add_object("an archive", 1, 0);
  shop.add_pack("nobody needs this");
  shop.add_object("nobody needs this", 2, 0);
  const Digest archive = sha256(as_bytes("an archive"));
  shop.staged.tables.recipes = {{archive, archive, RebuildBy::verbatim, 10}};
  shop.keep_in_base("one", "one");
  PackExpander packs(shop.site(), shop.staged, shop.work());
  CHECK(packs.bytes_needed().value() == 0);
  REQUIRE(packs.want(sha256(as_bytes("two")), 3));
  CHECK(packs.bytes_needed().value() == 3);
  REQUIRE(packs.want_archive(archive, 10, "one.tar.bz2"));
  CHECK(packs.bytes_needed().value() == 13);
  REQUIRE(packs.run());
  CHECK(packs.bytes_needed().value() == 0);
}

TEST_CASE("an archive that travels as it is goes to arch/ under each of its names, and is no object") {
  Workshop shop;
  shop.add_pack("an archive");
  shop.add_object("an archive", 0, 0);
  const Digest hash = sha256(as_bytes("an archive"));
  shop.staged.tables.recipes = {{hash, hash, RebuildBy::verbatim, 10}};
  PackExpander packs(shop.site(), shop.staged, shop.work());
  REQUIRE(packs.want_archive(hash, 10, "one.tar.bz2"));
  REQUIRE(packs.want_archive(hash, 10, "two.tar.bz2"));
  REQUIRE(packs.run());
  CHECK(kept(shop.work() + "/arch/one.tar.bz2") == "an archive");
  CHECK(kept(shop.work() + "/arch/two.tar.bz2") == "an archive");
  CHECK_FALSE(exists(shop.object("an archive")));
}

TEST_CASE("an object whose bytes have another hash is damaged") {
  Workshop shop;
  const auto size = static_cast<std::size_t>(GENERATE(0, 5, 3'000'000));
  const std::string bytes(size, 'x');
  shop.add_pack(bytes + "behind");
  shop.add_object(sha256(as_bytes("other")), size, 0, 0);
  shop.add_object("behind", 0, size);
  CHECK(kind_of(shop.bring("behind")) == RefusalKind::damaged);
}

TEST_CASE("a base that is not here, or has another size, makes a bundle incomplete") {
  Workshop shop;
  const std::string here = std::string(2000, 'h') + "at the site";
  SECTION("not here") {}
  SECTION("cut short") { shop.keep_in_base(here, here.substr(0, 100)); }
  shop.add_pack(here + "and more", {here});
  shop.add_object(here + "and more", 0, 0);
  CHECK(kind_of(shop.bring(here + "and more")) == RefusalKind::incomplete);
  CHECK_FALSE(exists(shop.object(here + "and more")));
}

TEST_CASE("a base that has rotted is blamed by its path, and not the bundle") {
  Workshop shop;
  const std::string here = std::string(2000, 'h') + "at the site";
  shop.keep_in_base(here, std::string(here.size(), 'H'));
  shop.add_pack(here + "and more", {here});
  shop.add_object(here + "and more", 0, 0);
  const auto refused = shop.bring(here + "and more");
  CHECK(kind_of(refused) == RefusalKind::damaged);
  CHECK(refused.error().text.find(shop.site().object_path(sha256(as_bytes(here)))) != std::string::npos);
}

TEST_CASE("a content that is neither here nor in the bundle makes it incomplete") {
  Workshop shop;
  CHECK(kind_of(shop.bring("somewhere else")) == RefusalKind::incomplete);
}

TEST_CASE("a pack whose frame is cut short at any byte is malformed") {
  Workshop shop;
  shop.add_pack(kFirst);
  shop.add_object(kFirst, 0, 0);
  const std::uint64_t whole = shop.staged.tables.packs[0].stored_bytes;
  for (std::uint64_t bytes = 0; bytes < whole; ++bytes) {
    INFO(bytes);
    shop.staged.tables.packs[0].stored_bytes = bytes;
    CHECK(kind_of(shop.bring(kFirst)) == RefusalKind::malformed);
    remove_file(shop.object(kFirst));  // the work folder is thrown away after a refusal
  }
}

TEST_CASE("objects that lie one upon the other are malformed") {
  Workshop shop;
  shop.add_pack("abcdef");
  shop.add_object("abcd", 0, 0);
  const std::string second = GENERATE("bcd", "d", "def", "abc", "");
  shop.add_object(second, 0, second.empty() ? 2 : std::string("abcdef").find(second));
  CHECK(kind_of(shop.bring("abcd")) == RefusalKind::malformed);
}
