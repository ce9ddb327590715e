// SPDX-License-Identifier: Apache-2.0
// A bundle of which a single bit was altered is refused, and the part that it lies in is named.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <unistd.h>

#include "tests/scenario/refused.h"
#include "tests/unit/small_bundle.h"
#include "tests/unit/tar_builder.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

/// A bundle's files in memory, of which one byte at a time is altered.
class Shipment {
 public:
  explicit Shipment(const BundleRecipe& recipe) {
    const TempFolder temp;
    write_small_bundle(temp / "b", recipe);
    for (const auto& path : volumes_in(temp / "b")) {
      volumes_.push_back(slurp(path));
      files_.push_back(memory_file(volumes_.back()));
    }
    readme_ = as_text(slurp(temp / "b/README.txt"));
  }

  const std::vector<Bytes>& volumes() const { return volumes_; }
  std::size_t bytes() const {
    std::size_t out = 0;
    for (const auto& volume : volumes_) out += volume.size();
    return out;
  }
  std::string& readme() { return readme_; }

  /// What the verifier finds, with those bits of one byte turned over.
  Findings with(std::size_t volume, std::size_t at, unsigned mask) {
    const std::byte good = volumes_[volume][at];
    const std::byte bad = good ^ static_cast<std::byte>(mask);
    write_all(files_[volume], at, ByteSpan(&bad, 1));
    auto findings = verify();
    write_all(files_[volume], at, ByteSpan(&good, 1));
    return findings;
  }
  Findings verify() {
    Medium medium;
    for (const auto& file : files_) {
      Fd again(::dup(file.get()), file.path());
      REQUIRE(::lseek(again.get(), 0, SEEK_SET) == 0);
      medium.volumes.push_back({std::move(again), true});
    }
    medium.readmes.push_back({"README.txt", readme_});
    Findings findings;
    const Judge judge{anchors_};
    auto bundle = examine(std::move(medium), judge, findings);
    if (!bundle) return findings;
    report_missing(*bundle, bundle->missing(), findings);
    BodySink nobody;
    read_bodies(*bundle, nobody, findings);
    return findings;
  }

 private:
  TrustAnchors anchors_ = trust_in(1);
  std::vector<Bytes> volumes_;
  std::vector<Fd> files_;
  std::string readme_;
};

/// What a reader is told of an altered bit in each part; more than one where lengths and keys lie in it.
const std::map<std::string, std::vector<std::pair<RefusalKind, std::string>>>& told() {
  using Kind = RefusalKind;
  static const std::map<std::string, std::vector<std::pair<Kind, std::string>>> table = {
      {"preamble",
       {{Kind::malformed, "not a Patchferry volume"},
        {Kind::malformed, "the preamble"},
        {Kind::unknown_format, "format version"},
        {Kind::damaged, "a volume number that the bundle does not have"},
        {Kind::damaged, "not the volume that it says"},
        {Kind::cut, "within its description"},
        // A length that is off by a little moves what lies behind it.
        {Kind::malformed, "the envelope"},
        {Kind::malformed, "the root chain"},
        {Kind::damaged, "volume table"}}},
      {"envelope",
       {{Kind::malformed, "the envelope"},
        {Kind::unknown_key, "a signature is by a key"},
        {Kind::bad_signature, "the signature by key"}}},
      {"statement", {{Kind::bad_signature, "the signature by key"}}},
      {"root chain",
       {{Kind::malformed, "the root chain"},
        {Kind::malformed, "the envelope"},
        {Kind::malformed, "the root document"},
        {Kind::unknown_format, "the root document"},
        {Kind::untrusted, "not signed under a key that is enrolled"},
        {Kind::bad_root, "root document 1"}}},
      {"volume table", {{Kind::damaged, "its volume table is damaged"}}},
      {"leaves", {{Kind::damaged, "its list of block hashes is damaged"}}},
      {"manifest", {{Kind::damaged, "its manifest is damaged"}}},
      {"tables", {{Kind::damaged, "its tables are damaged"}}},
      {"payload", {{Kind::damaged, "of its payload is damaged"}}},
  };
  return table;
}

/// "" if one of the findings tells of an alteration there, and all others only of what follows from it.
std::string misjudged(const std::string& part, const Findings& findings) {
  if (findings.empty()) return "accepted";
  const auto& wanted = told().at(part);
  const auto fits = [&](const Refusal& finding) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const auto& one) {
      return one.first == finding.kind && finding.text.find(one.second) != std::string::npos;
    });
  };
  if (!fits(findings.front())) return name_of(findings.front().kind) + (": " + findings.front().text);
  for (const auto& finding : findings)
    if (!fits(finding) && finding.kind != RefusalKind::missing_volume) return name_of(finding.kind) + (": " + finding.text);
  return {};
}

/// Turns bits over in each byte of each volume, as many as `bits` says for its part; how many there were.
template <class Bits>
std::uint64_t alter_everything(Shipment& shipment, const Bits& bits) {
  std::uint64_t altered = 0;
  REQUIRE(shipment.verify().empty());
  for (std::size_t volume = 0; volume < shipment.volumes().size(); ++volume)
    for (const auto& part : regions_of(std::string(as_text(shipment.volumes()[volume]))))
      for (std::size_t at = part.begin; at < part.end; ++at)
        for (unsigned bit = 0; bit < bits(part.name); ++bit, ++altered) {
          const std::string wrong = misjudged(part.name, shipment.with(volume, at, 1U << ((at + bit) % 8)));
          if (!wrong.empty()) FAIL("byte " << at << " of volume " << volume << ", in its " << part.name << ": " << wrong);
        }
  CHECK(shipment.verify().empty());
  return altered;
}

unsigned every_bit(const std::string& /*part*/) { return 8; }
unsigned one_of_payload(const std::string& part) { return part == "payload" ? 1 : 8; }
unsigned one_a_byte(const std::string& /*part*/) { return 1; }

BundleRecipe encrypted() {
  BundleRecipe recipe;
  recipe.encrypt_to = DecryptionKey::generate().public_half();
  return recipe;
}

}  // namespace

TEST_CASE("every bit of a small bundle's description and every byte of its payload, altered, is refused, and the part is named") {
  Shipment shipment({.first = "a small one"});
  CHECK(alter_everything(shipment, one_of_payload) > 20'000);
}

TEST_CASE("every byte of a bundle of several volumes, altered, is refused, and the part is named") {
  Shipment shipment({.volume_size = kSmallVolume});
  REQUIRE(shipment.volumes().size() >= 2);
  CHECK(alter_everything(shipment, one_a_byte) == shipment.bytes());
}

TEST_CASE("every byte of an encrypted bundle, altered, is refused by whoever has no key, and the part is named") {
  BundleRecipe recipe = encrypted();
  recipe.volume_size = kSmallVolume;
  Shipment shipment(recipe);
  REQUIRE(shipment.volumes().size() >= 2);
  CHECK(alter_everything(shipment, one_a_byte) == shipment.bytes());
}

TEST_CASE("every bit of a small bundle, flipped, is refused, and the part is named", "[slow]") {
  Shipment shipment({.volume_size = kSmallVolume});
  CHECK(alter_everything(shipment, every_bit) == shipment.bytes() * 8);
}

TEST_CASE("every bit of a small encrypted bundle, flipped, is refused by whoever has no key", "[slow]") {
  BundleRecipe recipe = encrypted();
  recipe.volume_size = kSmallVolume;
  Shipment shipment(recipe);
  CHECK(alter_everything(shipment, every_bit) == shipment.bytes() * 8);
}

TEST_CASE("every byte of a bundle of 200 kB, flipped, is refused, and the part is named", "[slow]") {
  Shipment shipment({.volume_size = 100'000, .first = noise(7, 190'000)});
  REQUIRE(shipment.bytes() > 200'000);
  CHECK(alter_everything(shipment, one_a_byte) == shipment.bytes());
}

TEST_CASE("any edited byte of README.txt is refused, and the file is named") {
  for (const BundleRecipe& recipe : {BundleRecipe(), encrypted()}) {
    Shipment shipment(recipe);
    const std::string good = shipment.readme();
    for (std::size_t at = 0; at <= good.size(); ++at) {
      shipment.readme() = at < good.size() ? good : good + "\n";
      if (at < good.size()) shipment.readme()[at] ^= 1;
      const Findings findings = shipment.verify();
      INFO("byte " << at);
      REQUIRE(kinds(findings) == std::vector{RefusalKind::altered_readme});
      REQUIRE(findings.front().where == "README.txt");
    }
    shipment.readme() = good;
    CHECK(shipment.verify().empty());
  }
}
