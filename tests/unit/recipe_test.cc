// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <random>

#include "bundle-format/archive/recipe_source.h"
#include "bundle-format/archive/tar_reader.h"
#include "tests/temp_folder.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

Bytes text(std::string_view s) {
  const ByteSpan bytes = as_bytes(s);
  return {bytes.begin(), bytes.end()};
}

/// "head" content(5) "middle" content(3) content(4) "end"
Recipe small_recipe() {
  Recipe r;
  r.parts = {{4, false, 0}, {5, true, 0}, {6, false, 0}, {3, true, 1}, {4, true, 2}, {3, false, 0}};
  r.contents = {sha256(as_bytes("first")), sha256(as_bytes("two")), sha256(as_bytes("four"))};
  r.literals = text("headmiddleend");
  r.packing = text("packing");
  return r;
}

bool same(const Recipe& a, const Recipe& b) { return encode_recipe(a) == encode_recipe(b); }

/// What it is told of known files, with as much of each as it wants.
struct Hearing : MemberSink {
  void begin_file(const RelPath&, std::uint64_t, std::optional<std::uint64_t>) override { FAIL(); }
  void data(ByteSpan) override { FAIL(); }
  void end_file() override { FAIL(); }
  bool must_read(const RelPath&, std::uint64_t) override { return wants_all; }
  std::size_t head_wanted(const RelPath&) override { return 3; }
  void known_file(const RelPath&, std::uint64_t, const Digest& hash, ByteSpan head) override {
    heard.emplace_back(hash, as_text(head));
  }
  void pointer_link(const RelPath&, const std::string&) override { FAIL(); }
  bool wants_all = false;
  std::vector<std::pair<Digest, std::string>> heard;
};

/// Everything that a source gives.
std::string all_of(TarSource& source) {
  std::string out;
  for (;;) {
    auto part = source.next();
    REQUIRE(part);
    if (part->empty()) return out;
    out += as_text(*part);
  }
}

}  // namespace

TEST_CASE("a recipe is read as it was written, and in no other way") {
  const Bytes written = encode_recipe(small_recipe());
  const auto read = decode_recipe(written);
  REQUIRE(read);
  CHECK(same(*read, small_recipe()));
  CHECK(read->stream_bytes() == 25);
  for (std::size_t cut = 0; cut < written.size(); ++cut) CHECK_FALSE(decode_recipe(ByteSpan(written).first(cut)));
  Bytes longer = written;
  longer.push_back(std::byte{0});
  CHECK_FALSE(decode_recipe(longer));
}

TEST_CASE("whatever is flipped in a recipe, it is refused or still has one encoding") {
  const Bytes written = encode_recipe(small_recipe());
  for (std::size_t at = 0; at < written.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      Bytes flipped = written;
      flipped[at] ^= std::byte(1 << bit);
      if (const auto read = decode_recipe(flipped)) CHECK(encode_recipe(*read) == flipped);
    }
}

TEST_CASE("recipes with impossible parts are refused") {
  const auto refused = [](auto change) {
    Recipe r = small_recipe();
    change(r);
    const auto read = decode_recipe(encode_recipe(r));
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == RefusalKind::malformed);
  };
  refused([](Recipe& r) { r.parts[0].bytes = 0; });
  refused([](Recipe& r) { r.parts[1].bytes = (1ULL << 63) - 1; });  // the sum overflows
  refused([](Recipe& r) { r.parts[0].bytes = 5; });                 // more literal bytes than there are
  refused([](Recipe& r) { r.literals.push_back(std::byte{1}); });   // fewer
  refused([](Recipe& r) { r.contents.pop_back(); });                // a content without a hash
  refused([](Recipe& r) {
    r.parts.insert(r.parts.begin(), {1, false, 0});
    r.parts[1].bytes = 3;
  });  // two literal parts in a row
  Bytes lengths = encode_recipe(small_recipe());
  for (const std::size_t field : {8U, 16U, 24U, 32U})
    for (const std::uint64_t value :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
      Bytes odd = lengths;
      for (std::size_t i = 0; i < 8; ++i) odd[field + i] = std::byte((value >> (8 * i)) & 0xff);
      CHECK_FALSE(decode_recipe(odd));
    }
}

TEST_CASE("a recipe's stream is its literals and contents in order, whether contents are read or passed over") {
  const TempFolder files;
  for (const char* content : {"first", "two", "four"})
    write_all(open_file(files / content, O_WRONLY | O_CREAT, 0600), as_bytes(content));
  const OpenContent open = [&](const Digest& hash, std::uint64_t bytes) -> Result<Fd> {
    for (const std::string content : {"first", "two", "four"})
      if (sha256(as_bytes(content)) == hash && content.size() == bytes) return open_file(files / content, O_RDONLY);
    return refuse(RefusalKind::incomplete, "not here");
  };
  const Recipe recipe = small_recipe();
  RecipeSource whole(recipe, open);
  CHECK(all_of(whole) == "headfirstmiddletwofourend");

  RecipeSource passing(recipe, open);
  const RelPath path = *RelPath::parse("a/1/patch");
  Hearing sink;
  CHECK_FALSE(*passing.offer_known(path, 4, sink));
  REQUIRE(passing.next());
  CHECK_FALSE(*passing.offer_known(path, 4, sink));
  sink.wants_all = true;
  CHECK_FALSE(*passing.offer_known(path, 5, sink));
  sink.wants_all = false;
  CHECK(sink.heard.empty());
  REQUIRE(*passing.offer_known(path, 5, sink));
  REQUIRE(sink.heard.size() == 1);
  CHECK(sink.heard[0].first == recipe.contents[0]);
  CHECK(sink.heard[0].second == "fir");
  CHECK(passing.skip(4) == 0);
  CHECK(passing.skip(100) == 5);
  CHECK(passing.skip(100) == 0);
  CHECK(all_of(passing) == "middletwofourend");

  Recipe missing = small_recipe();
  missing.contents[1] = sha256(as_bytes("gone"));
  RecipeSource broken(missing, open);
  REQUIRE(broken.next());
  REQUIRE(broken.next());
  REQUIRE(broken.next());
  const auto part = broken.next();
  REQUIRE_FALSE(part);
  CHECK(part.error().kind == RefusalKind::incomplete);
}

TEST_CASE("a recipe writer cuts a stream at its contents, however the stream comes in") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string stream;
    std::vector<std::pair<std::size_t, std::size_t>> contents;
    for (unsigned i = 0; i < random() % 6; ++i) {
      stream += std::string(random() % 50, static_cast<char>('a' + i));
      contents.emplace_back(stream.size(), 1 + random() % 60);
      stream += std::string(contents.back().second, static_cast<char>('A' + i));
    }
    stream += std::string(random() % 50, 'z');

    RecipeWriter writer;
    std::size_t given = 0;
    const auto give = [&](std::size_t up_to) {
      while (given < up_to) {
        const std::size_t part = std::min<std::size_t>(1 + random() % 20, stream.size() - given);
        writer.stream(as_bytes(std::string_view(stream).substr(given, part)));
        given += part;
      }
    };
    for (const auto& [at, bytes] : contents) {
      give(std::min(stream.size(), at + random() % (bytes + 1)));
      give(at);
      REQUIRE(writer.content(at, bytes));
      give(at + bytes);
      writer.hash(sha256(as_bytes(std::string_view(stream).substr(at, bytes))));
    }
    give(stream.size());
    const Recipe recipe = writer.finish();
    REQUIRE(recipe.contents.size() == contents.size());
    CHECK(recipe.stream_bytes() == stream.size());
    REQUIRE(decode_recipe(encode_recipe(recipe)));
    std::string again;
    std::size_t literal = 0;
    std::size_t content = 0;
    for (const auto& part : recipe.parts) {
      if (part.is_content) {
        CHECK(part.contents == content);
        again += stream.substr(contents[content].first, contents[content].second);
        CHECK(part.bytes == contents[content++].second);
      } else {
        again += as_text(ByteSpan(recipe.literals).subspan(literal, part.bytes));
        literal += part.bytes;
      }
    }
    CHECK(again == stream);
  }
}

TEST_CASE("a content that cannot lie where it is said to stays literal") {
  RecipeWriter writer;
  writer.stream(as_bytes("0123456789"));
  CHECK_FALSE(writer.content(11, 5));  // not there yet
  CHECK_FALSE(writer.content(3, 0));
  CHECK(writer.content(3, 4));
  CHECK_FALSE(writer.content(5, 1));  // within the one before
  writer.hash(Digest{});
  const Recipe recipe = writer.finish();
  CHECK(as_text(recipe.literals) == "012789");
}
