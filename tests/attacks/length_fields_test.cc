// SPDX-License-Identifier: Apache-2.0
// Every length and count at its extremes, signed by a key that is trusted: refused by a kind, without a crash and in bounded
// memory. What is accepted all the same must be a field that means no harm, and have one encoding.
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sys/resource.h>
#include <unistd.h>

#include "bundle-format/archive/recipe.h"
#include "bundle-format/packs/expand_pack.h"
#include "bundle-format/receipt.h"
#include "tests/attacks/resealed.h"
#include "tests/quick_folders.h"
#include "tests/scenario/world.h"
#include "tests/unit/small_bundle.h"
#include "tests/unit/tar_builder.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

constexpr std::uint64_t kValues[] = {0,          1,          2,          (1ULL << 31) - 1, 1ULL << 31,       (1ULL << 32) - 1,
                                     1ULL << 32, 1ULL << 53, 1ULL << 62, 1ULL << 63,       (1ULL << 63) - 1, ~0ULL};
constexpr std::uint64_t kBound = 64ULL << 20;

/// As long as it is there, this process gets no more than kBound beyond what it has.
class BoundMemory {
 public:
  BoundMemory() {
#ifndef __SANITIZE_ADDRESS__
    std::ifstream status("/proc/self/statm");
    std::uint64_t pages = 0;
    REQUIRE(status >> pages);
    REQUIRE(::getrlimit(RLIMIT_AS, &before_) == 0);
    rlimit now = before_;
    now.rlim_cur = pages * 4096 + kBound;
    REQUIRE(::setrlimit(RLIMIT_AS, &now) == 0);
#endif
  }
  ~BoundMemory() {
#ifndef __SANITIZE_ADDRESS__
    ::setrlimit(RLIMIT_AS, &before_);
#endif
  }
  BoundMemory(const BoundMemory&) = delete;
  BoundMemory& operator=(const BoundMemory&) = delete;

 private:
  rlimit before_{};
};

struct Field {
  const char* name;
  std::size_t at;
  std::size_t width;
  bool harmless = false;  // some of the values are fine
};

constexpr Field kStatement[] = {
    {"epoch", 96, 4},
    {"root version", 100, 4},
    {"sequence", 104, 8},
    {"created", 208, 8, true},  // advisory
    {"expires", 216, 8, true},  // a matter of policy
    {"volumes", 240, 4},
    {"block size", 244, 4, true},  // as long as the payload is one block of it
    {"payload bytes", 248, 8},
    {"expanded bytes", 256, 8, true},  // a ceiling: a higher one lets nothing more in
    {"patchsets", 264, 4},
    {"withdrawn", 268, 4},
    {"objects", 272, 8},
    {"table bytes", 280, 8},
    {"volume table bytes", 288, 8},
    {"manifest bytes", 328, 8},
};
constexpr Field kVolumeRecord[] = {{"number", 0, 4}, {"blocks", 4, 4}, {"payload offset", 8, 8}, {"payload bytes", 16, 8}};
constexpr Field kPreamble[] = {{"format", 8, 2},
                               {"volume", 12, 4},
                               {"envelope bytes", 16, 4},
                               {"root chain bytes", 20, 4},
                               {"volume table bytes", 24, 4},
                               {"leaves bytes", 28, 4}};
constexpr Field kObject[] = {{"bytes", 32, 8}, {"pack", 40, 4}, {"reserved", 44, 4}, {"offset", 48, 8}, {"end", 56, 8}};
constexpr Field kRecipeRecord[] = {{"kind", 64, 4}, {"reserved", 68, 4}, {"archive bytes", 72, 8}};
constexpr Field kPack[] = {{"index", 0, 4},         {"codec", 4, 4},           {"payload offset", 8, 8},
                           {"stored bytes", 16, 8}, {"expanded bytes", 24, 8}, {"reserved", 32, 8}};

bool fits(std::uint64_t value, std::size_t width) { return width == 8 || value >> (8 * width) == 0; }

/// Calls `with(bytes, what)` for each field of the record at `begin` and each value that it does not have already.
template <class With>
unsigned each_extreme(const Bytes& good, std::size_t begin, std::span<const Field> fields, const With& with) {
  unsigned count = 0;
  for (const auto& field : fields) {
    const std::uint64_t now = number_at(good, begin + field.at, field.width);
    std::set<std::uint64_t> values(std::begin(kValues), std::end(kValues));
    values.insert({now + 1, now - 1});
    for (const std::uint64_t value : values) {
      if (!fits(value, field.width) || value == now) continue;
      Bytes bad = good;
      put(bad, begin + field.at, field.width, value);
      INFO(field.name << " is " << value << ", not " << now);
      with(bad, field);
      ++count;
    }
  }
  return count;
}

/// A small bundle on a disk in memory, of which volumes that are signed well take the place.
struct Small {
  QuickFolders quick;
  TempFolder temp;
  std::string path;
  std::string good;
  SigningKey key = test_key(1);

  Small() {
    write_small_bundle(temp / "b");
    path = volumes_in(temp / "b").front();
    remove_file(temp / "b/README.txt");  // it gives the statement's numbers, and would be refused for that
    good = contents(path);
    REQUIRE(Resealed(good).sealed(key) == good);
  }
  Findings verify(const std::string& volume) const {
    write_contents(path, volume);
    const BoundMemory bound;
    return verify_all({temp / "b"}, trust_in(1));
  }
};

/// A manifest with one number replaced.
std::string with_number(const std::string& text, std::size_t at, const std::string& number) {
  std::size_t end = at;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  return text.substr(0, at) + number + text.substr(end);
}

}  // namespace

TEST_CASE("length fields of a signed statement at their extremes are refused by a kind, or mean no harm") {
  const Small small;
  const unsigned count = each_extreme(Resealed(small.good).statement, 0, kStatement, [&](const Bytes& bad, const Field& field) {
    Resealed hostile(small.good);
    hostile.statement = bad;
    const auto findings = small.verify(hostile.sealed(small.key));
    if (findings.empty()) CHECK(field.harmless);
    if (const auto decoded = decode_statement(bad)) {
      const auto again = encode_statement(*decoded);
      CHECK(Bytes(again.begin(), again.end()) == bad);
    }
  });
  CHECK(count > 150);
}

TEST_CASE("length fields of a signed volume table at their extremes are refused by a kind") {
  const Small small;
  each_extreme(Resealed(small.good).volume_table, 0, kVolumeRecord, [&](const Bytes& bad, const Field&) {
    Resealed hostile(small.good);
    hostile.volume_table = bad;
    hostile.bind();
    CHECK_FALSE(small.verify(hostile.sealed(small.key)).empty());
  });
}

TEST_CASE("length fields of a preamble, which nobody signs, at their extremes are refused by a kind, in a stream too") {
  const Small small;
  const Bytes good(as_bytes(small.good).begin(), as_bytes(small.good).end());
  each_extreme(good, 0, kPreamble, [&](const Bytes& bad, const Field&) {
    CHECK_FALSE(small.verify(std::string(as_text(bad))).empty());
    // A stream has no size that a length could be compared with.
    Medium medium;
    medium.volumes.push_back({memory_file(bad), false});
    REQUIRE(::lseek(medium.volumes.front().file.get(), 0, SEEK_SET) == 0);
    Findings findings;
    const BoundMemory bound;
    const Judge judge{trust_in(1)};
    examine(std::move(medium), judge, findings);
    CHECK_FALSE(findings.empty());
  });
}

TEST_CASE("length fields of an envelope and of a root chain at their extremes are refused by a kind") {
  const Small small;
  const Resealed good(small.good);
  const Bytes all(as_bytes(small.good).begin(), as_bytes(small.good).end());
  constexpr Field kEnvelope[] = {{"signatures", 4, 2}, {"reserved", 6, 2}, {"signature bytes", 40, 4}};
  each_extreme(all, kPreambleSize, kEnvelope,
               [&](const Bytes& bad, const Field&) { CHECK_FALSE(small.verify(std::string(as_text(bad))).empty()); });
  // Of the chain: lengths of the envelope and of the document, then those within the document.
  const std::size_t document = 8 + number_at(good.root_chain, 0, 4);
  const Field chain[] = {{"envelope bytes", 0, 4},
                         {"document bytes", 4, 4},
                         {"root format", document + 8, 2},
                         {"lowest format", document + 10, 2},
                         {"version", document + 12, 4},
                         {"epoch", document + 16, 4},
                         {"keys", document + 52, 4},
                         {"algorithm", document + 56, 2},
                         {"key bytes", document + 58, 2},
                         {"threshold", document + 92, 1},
                         {"keys of the role", document + 93, 1},
                         {"key of the role", document + 94, 1}};
  each_extreme(good.root_chain, 0, chain, [&](const Bytes& bad, const Field&) {
    Resealed hostile(small.good);
    hostile.root_chain = bad;
    CHECK_FALSE(small.verify(hostile.sealed(small.key)).empty());
    // And as the document that people enrol.
    const BoundMemory bound;
    const auto decoded = decode_root_chain(bad);
    if (decoded && decoded->size() == 1)
      if (const auto root = decode_root(decoded->front().document)) CHECK(encode_root(*root) == decoded->front().document);
  });
}

TEST_CASE("numbers of a signed manifest at their extremes are refused by a kind, or mean no harm") {
  const Small small;
  const Resealed good(small.good);
  unsigned count = 0;
  for (std::size_t at = 1; at < good.manifest.size(); ++at) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (good.manifest[at - 1] != ':' || !is_digit(good.manifest[at])) continue;
    const auto key_end = good.manifest.rfind('"', at), key_begin = good.manifest.rfind('"', key_end - 1) + 1;
    const std::string name = good.manifest.substr(key_begin, key_end - key_begin);
    for (const std::string number :
         {"0", "-1", "-0", "1.5", "1e3", "00", "2147483648", "4294967295", "4294967296", "9007199254740993",
          "9223372036854775808", "18446744073709551615", "18446744073709551616", "1e400", "null", "\"1\""}) {
      Resealed hostile(small.good);
      hostile.manifest = with_number(good.manifest, at, number);
      if (hostile.manifest == good.manifest) continue;
      hostile.bind();
      INFO(name << " is " << number);
      const auto findings = small.verify(hostile.sealed(small.key));
      // When a store saw it first, how bad a hole is and how much memory it takes are for people to read, within their types;
      // sizes of archives are compared with the tables by whoever imports.
      const bool harmless = std::set<std::string>{"first_seen", "cvss10", "memory", "bytes", "expanded"}.count(name) != 0;
      if (findings.empty()) CHECK(harmless);
      ++count;
    }
  }
  CHECK(count > 150);
}

TEST_CASE("length fields of signed tables at their extremes are refused by import, in bounded memory") {
  const World world;
  world.release_kernels("K20260105_01", {{1, 1}}, 300);
  const std::string bundle = world.export_full();
  remove_file(bundle + "/README.txt");
  const std::string path = volumes_of(bundle).front();
  const std::string volume = contents(path);
  const auto key = SigningKey::decode(contents(world.at("ops.key")), "");
  REQUIRE(key);
  const Resealed good(volume);
  REQUIRE(good.sealed(*key) == volume);
  const auto lengths = nlohmann::json::parse(good.manifest).at("tables");
  const auto before = visible(world.base());
  const auto try_import = [&](const Bytes& bad, const Field&) {
    Resealed hostile(volume);
    hostile.tables = bad;
    hostile.bind();
    write_contents(path, hostile.sealed(*key));
    const auto done = world.import({bundle, "--json"});
    INFO(done.out << done.err);
    CHECK(done.code == 1);
    for (const auto& kind : kinds_of(done))
      CHECK(
          (kind == "malformed" || kind == "too-large" || kind == "incomplete" || kind == "unknown-format" || kind == "damaged"));
    CHECK(done.peak_memory < kBound);
  };
  const std::size_t recipes = lengths.at("objects"), packs = recipes + lengths.at("recipes").get<std::size_t>();
  unsigned count = each_extreme(good.tables, 0, kObject, try_import);
  count += each_extreme(good.tables, recipes, kRecipeRecord, try_import);
  count += each_extreme(good.tables, packs, kPack, try_import);
  CHECK(count > 100);
  CHECK(visible(world.base()) == before);
  write_contents(path, volume);
  CHECK(world.import({bundle}).code == 0);
}

TEST_CASE("length fields of a recipe at their extremes are malformed") {
  Recipe recipe;
  recipe.parts = {{3, false, 0}, {5, true, 0}};
  recipe.contents = {sha256(as_bytes("x"))};
  recipe.literals = Bytes(3);
  recipe.packing = Bytes(4);
  const Bytes good = encode_recipe(recipe);
  REQUIRE(decode_recipe(good));
  std::size_t begin = 0;  // of the four counts
  while (number_at(good, begin, 8) != 2 || number_at(good, begin + 8, 8) != 1) ++begin;
  constexpr Field kCounts[] = {
      {"parts", 0, 8}, {"contents", 8, 8}, {"literals", 16, 8}, {"packing", 24, 8}, {"first part", 32, 8}};
  each_extreme(good, begin, kCounts, [&](const Bytes& bad, const Field&) {
    const BoundMemory bound;
    const auto decoded = decode_recipe(bad);
    REQUIRE_FALSE(decoded);
    CHECK((decoded.error().kind == RefusalKind::malformed || decoded.error().kind == RefusalKind::too_large));
  });
}

TEST_CASE("length fields of a pack's frame at their extremes are malformed, whatever its record says") {
  const auto expand = [](ByteSpan stored, std::uint64_t says) {
    const BoundMemory bound;
    return expand_pack(
        {Codec::zstd, 0, stored.size(), says},
        [&](std::uint64_t at, std::span<std::byte> into) {
          std::copy_n(stored.begin() + static_cast<std::ptrdiff_t>(at), into.size(), into.begin());
        },
        {}, [](ByteSpan) {});
  };
  for (const std::uint64_t value : kValues) {
    // A frame of one segment whose content size is eight bytes, and one raw block that promises as much as a block can.
    Bytes frame(4 + 1 + 8 + 3 + 8);
    put(frame, 0, 4, 0xfd2fb528);
    put(frame, 4, 1, 0xe0);
    put(frame, 5, 8, value);
    put(frame, 13, 3, 8 << 3 | 1);
    INFO(value);
    const auto honest = expand(frame, value);
    REQUIRE_FALSE(honest);
    CHECK(honest.error().kind == RefusalKind::malformed);
    const auto lying = expand(frame, value + 1);
    REQUIRE_FALSE(lying);
    CHECK(lying.error().kind == RefusalKind::malformed);
    // The window instead, of any size that a byte can give.
    Bytes window(4 + 1 + 1 + 4 + 3 + 8);
    put(window, 0, 4, 0xfd2fb528);
    put(window, 4, 1, 0x80);
    put(window, 5, 1, 0xf8);  // 2^41
    put(window, 6, 4, value);
    put(window, 10, 3, 8 << 3 | 1);
    CHECK_FALSE(expand(window, value & 0xffffffff));
  }
}

TEST_CASE("numbers of a receipt at their extremes, signed by its own site, are refused") {
  const SigningKey key = test_key(5);
  Receipt receipt;
  receipt.site = "plant1";
  receipt.encryption = DecryptionKey::generate().public_half();
  receipt.domains = {{sha256(as_bytes("domain")), 3, 2}};
  receipt.streams = {{StreamId{{std::byte{1}}}, 2, 3, sha256(as_bytes("statement"))}};
  receipt.patchsets = {{"K20260105_01", sha256(as_bytes("a"))}};
  const std::string body = encode_receipt_body(receipt);
  const auto sealed = [&](const std::string& changed) {
    std::string text = encode_receipt(receipt, key.public_key(), key.sign(DocumentType::receipt, as_bytes(changed)));
    const auto at = text.find(body);
    REQUIRE(at != std::string::npos);
    return text.replace(at, body.size(), changed);
  };
  REQUIRE(decode_receipt(sealed(body)));
  unsigned count = 0;
  for (std::size_t at = 1; at < body.size(); ++at) {
    if (body[at - 1] != ':' || body[at] < '0' || body[at] > '9') continue;
    for (const std::string number :
         {"-1", "1.5", "1e3", "00", "9223372036854775808", "18446744073709551615", "18446744073709551616"}) {
      INFO(body.substr(at > 20 ? at - 20 : 0, 20) << number);
      const std::string changed = with_number(body, at, number);
      const auto decoded = decode_receipt(sealed(changed));
      if (decoded) {
        CHECK(encode_receipt_body(decoded->receipt) == changed);
        // Free space and the time may be any number.
        CHECK((body.substr(0, at).ends_with("\"free_bytes\":") || body.substr(0, at).ends_with("\"issued\":")));
      } else {
        CHECK(decoded.error().kind == RefusalKind::bad_receipt);
      }
      ++count;
    }
  }
  CHECK(count >= 28);
}
