// SPDX-License-Identifier: Apache-2.0
// Encryption: what was encrypted for one place, with one key, is read there with that key, and nowhere else; and whoever
// checks a bundle needs no secret for it.
#include <catch2/catch.hpp>

#include <algorithm>

#include "bundle-format/readme.h"
#include "bundle-format/site_key.h"
#include "bundle-format/write/sealing.h"
#include "bundle-format/write/site_secret.h"
#include "tests/unit/small_bundle.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

using Part = ChunkPlace::Part;

Bytes some_bytes(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>(i * 131 + i / 256);
  return out;
}

DecryptionKey secret_of(int byte) {
  std::array<std::byte, kEncryptionKeySize> bytes{};
  bytes.fill(static_cast<std::byte>(byte));
  return DecryptionKey(bytes);
}

BundleRecipe encrypted_recipe() {
  BundleRecipe recipe;
  recipe.encrypt_to = secret_of(6).public_half();
  return recipe;
}

/// Decrypts what the verifier hands over, and puts each block where the site would.
class Reader : public BodySink {
 public:
  explicit Reader(const ExaminedBundle& bundle)
      : payload(static_cast<std::size_t>(plain_payload_bytes(bundle.volume_table(), bundle.statement()))), bundle_(bundle) {}

  void tables_part(ByteSpan part) override { sealed_tables_.insert(sealed_tables_.end(), part.begin(), part.end()); }
  void tables_good() override {
    const auto plain = decrypt_part(*bundle_.content_key(), Part::tables, sealed_tables_, bundle_.statement().block_bytes());
    REQUIRE(plain);
    CHECK(plain->size() == bundle_.statement().plain_table_bytes());
    sealed_tables_.clear();
  }
  void block(std::uint32_t volume, std::uint64_t block, ByteSpan bytes) override {
    const auto plain = decrypt_chunk(*bundle_.content_key(), {Part::payload, volume, block}, bytes);
    REQUIRE(plain);
    const std::uint64_t at = plain_payload_offset(bundle_.volume_table(), bundle_.statement(), volume) +
                             block * (bundle_.statement().block_bytes() - kChunkTag);
    REQUIRE(at + plain->size() <= payload.size());
    std::copy(plain->begin(), plain->end(), payload.begin() + static_cast<std::ptrdiff_t>(at));
    bytes_read += plain->size();
  }

  Bytes payload;
  std::uint64_t bytes_read = 0;

 private:
  const ExaminedBundle& bundle_;
  Bytes sealed_tables_;
};

/// What lay_out() keeps free of payload in the first volume of `count`.
std::uint64_t description_of(const Layout& layout, std::uint32_t count) {
  return kPreambleSize + envelope_size(kMaxSignatures) + kStatementSize + layout.root_chain.size() + count * kVolumeRecordSize +
         layout.manifest.size() + layout.tables.size();
}

/// Writes it, verifies it without the key, reads it with the key, and compares payload and sizes.
void check_round_trip(const BundleRecipe& recipe) {
  const TempFolder temp;
  const SignedBundle bundle = small_bundle(temp, recipe);
  const Layout& layout = bundle.layout;
  make_folder(temp / "b");
  write_volumes(bundle, temp / "b");
  for (const auto& volume : volumes_in(temp / "b")) CHECK(size_of(volume) <= recipe.volume_size);
  CHECK(verify_all({temp / "b"}, trust_in(1)).empty());

  const DecryptionKey key = secret_of(6);
  Judge judge{trust_in(1)};
  judge.key = &key;
  Findings findings;
  auto read = examine(open_media({temp / "b"}, findings), judge, findings);
  REQUIRE(read);
  CHECK(read->missing().empty());
  REQUIRE(read->manifest());
  CHECK(read->manifest()->site == recipe.site);
  Reader reader(*read);
  CHECK(read_bodies(*read, reader, findings));
  CHECK(findings.empty());

  Bytes plain(static_cast<std::size_t>(layout.payload.bytes()));
  layout.payload.read(0, plain);
  CHECK(reader.bytes_read == plain.size());
  CHECK((reader.payload == plain));
}

}  // namespace

TEST_CASE("a chunk with any bit flipped, cut or extended does not decrypt") {
  const ContentKey key = random_content_key();
  const ChunkPlace place{Part::payload, 2, 7};
  const Bytes plain = some_bytes(100);
  Bytes sealed = encrypt_chunk(key, place, plain);
  REQUIRE(sealed.size() == plain.size() + kChunkTag);
  for (std::size_t at = 0; at < sealed.size(); ++at)
    for (unsigned bit = 0; bit < 8; ++bit) {
      sealed[at] ^= static_cast<std::byte>(1U << bit);
      if (decrypt_chunk(key, place, sealed)) FAIL("bit " << bit << " of byte " << at << " flipped, and decrypted");
      sealed[at] ^= static_cast<std::byte>(1U << bit);
    }
  for (std::size_t size = 0; size < sealed.size(); ++size) CHECK_FALSE(decrypt_chunk(key, place, ByteSpan(sealed).first(size)));
  CHECK(decrypt_chunk(key, place, sealed) == plain);
  sealed.push_back(std::byte{0});
  CHECK_FALSE(decrypt_chunk(key, place, sealed));
}

TEST_CASE("a chunk decrypts in its own part, volume and place only, and under its own key only") {
  const ContentKey key = random_content_key();
  const Bytes plain = some_bytes(50);
  std::vector<ChunkPlace> places;
  for (const Part part : {Part::manifest, Part::tables, Part::payload})
    for (const std::uint32_t volume : {0U, 1U, 2U, 256U, 9999U})
      for (const std::uint64_t chunk : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{256}, std::uint64_t{1} << 32,
                                        std::uint64_t{2} << 32, ~std::uint64_t{0}})
        places.push_back({part, volume, chunk});
  for (const auto& made : places) {
    const Bytes sealed = encrypt_chunk(key, made, plain);
    for (const auto& read : places) {
      const bool same = &made == &read;
      if (decrypt_chunk(key, read, sealed).has_value() != same)
        FAIL("made for " << static_cast<int>(made.part) << "/" << made.volume << "/" << made.chunk << ", read at "
                         << static_cast<int>(read.part) << "/" << read.volume << "/" << read.chunk);
    }
    CHECK_FALSE(decrypt_chunk(random_content_key(), made, sealed));
  }
}

TEST_CASE("a part decrypts only with all its chunks in their order, in chunks of the same size") {
  constexpr std::size_t kChunk = 4096;
  const ContentKey key = random_content_key();
  const Bytes plain = some_bytes(3 * (kChunk - kChunkTag));
  const Bytes sealed = encrypt_part(key, Part::tables, plain, kChunk);
  REQUIRE(sealed.size() == 3 * kChunk);
  CHECK(decrypt_part(key, Part::tables, sealed, kChunk) == plain);
  CHECK_FALSE(decrypt_part(key, Part::payload, sealed, kChunk));
  CHECK_FALSE(decrypt_part(key, Part::tables, sealed, 2 * kChunk));
  Bytes swapped = sealed;
  std::rotate(swapped.begin(), swapped.begin() + kChunk, swapped.end());
  CHECK_FALSE(decrypt_part(key, Part::tables, swapped, kChunk));
  CHECK_FALSE(decrypt_part(key, Part::tables, ByteSpan(sealed).subspan(kChunk), kChunk));
  CHECK_FALSE(decrypt_part(key, Part::tables, ByteSpan(sealed).first(sealed.size() - 1), kChunk));
}

TEST_CASE("parts of every length around a chunk's edge come back, and their lengths are foretold") {
  const ContentKey key = random_content_key();
  for (const std::size_t chunk : {std::size_t{4096}, std::size_t{1} << 20}) {
    const std::size_t full = chunk - kChunkTag;
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, kChunkTag, full - 1, full, full + 1, chunk, 2 * full - 1, 2 * full, 2 * full + 1}) {
      CAPTURE(chunk, size);
      const Bytes plain = some_bytes(size);
      const Bytes sealed = encrypt_part(key, Part::tables, plain, chunk);
      CHECK(sealed.size() == encrypted_bytes(size, chunk));
      CHECK(decrypted_bytes(sealed.size(), chunk) == size);
      CHECK(is_encrypted_length(sealed.size(), chunk));
      const auto read = decrypt_part(key, Part::tables, sealed, chunk);
      REQUIRE(read);
      CHECK((*read == plain));
    }
  }
  // A length is allowed exactly if some plain length leads to it.
  constexpr std::uint64_t kChunk = 4096;
  std::vector<bool> made(4 * kChunk);
  for (std::uint64_t size = 0; encrypted_bytes(size, kChunk) < made.size(); ++size) made[encrypted_bytes(size, kChunk)] = true;
  for (std::uint64_t sealed = 0; sealed < made.size(); ++sealed)
    if (is_encrypted_length(sealed, kChunk) != made[sealed]) FAIL("length " << sealed);
}

TEST_CASE("a sealed key opens with the secret that it was sealed to, and with no bit changed") {
  const DecryptionKey mine = DecryptionKey::generate();
  const ContentKey key = random_content_key();
  SealedKey sealed = seal_key(key, mine.public_half());
  const auto opened = mine.open(sealed);
  REQUIRE(opened);
  CHECK(opened->bytes == key.bytes);
  CHECK_FALSE(DecryptionKey::generate().open(sealed));
  CHECK(seal_key(key, mine.public_half()) != sealed);
  // The highest bit of the sender's X25519 key means nothing to X25519, but it is hashed into the nonce.
  for (std::size_t at = 0; at < sealed.size(); ++at)
    for (unsigned bit = 0; bit < 8; ++bit) {
      sealed[at] ^= static_cast<std::byte>(1U << bit);
      if (mine.open(sealed)) FAIL("bit " << bit << " of byte " << at << " flipped, and opened");
      sealed[at] ^= static_cast<std::byte>(1U << bit);
    }
  CHECK_FALSE(mine.open(SealedKey{}));
}

TEST_CASE("a site's public key is one line, and a key that anybody can read with is none") {
  const SiteSecret secret = SiteSecret::generate();
  const std::string good = encode_site_public_key(secret.public_half());
  const auto read = decode_site_public_key(good);
  REQUIRE(read);
  CHECK(*read == secret.public_half());
  CHECK(encode_site_public_key(*read) == good);
  for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(decode_site_public_key(good.substr(0, size)));
  CHECK_FALSE(decode_site_public_key(good + "\n"));
  CHECK_FALSE(decode_site_public_key(encode_site_secret(secret)));
  CHECK_FALSE(decode_site_public_key(encode_public_key(test_key(1).public_key())));
  std::string loud = good;
  std::transform(loud.begin(), loud.end(), loud.begin(), [](char c) { return c >= 'a' && c <= 'f' ? char(c - 'a' + 'A') : c; });
  if (loud != good) CHECK_FALSE(decode_site_public_key(loud));

  // All points of small order (https://cr.yp.to/ecdh.html#validate), also with the highest bit, which X25519 ignores.
  for (const char* point : {"0000000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000000",
                            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"})
    for (const unsigned highest : {0x00U, 0x80U}) {
      INFO(point << " | " << highest);
      SitePublicKey weak = secret.public_half();
      weak.encryption.bytes = *array_from_hex<32>(point);
      weak.encryption.bytes.back() |= static_cast<std::byte>(highest);
      CHECK_FALSE(is_usable(weak.encryption));
      CHECK_FALSE(decode_site_public_key(encode_site_public_key(weak)));
    }
  SitePublicKey weak = secret.public_half();
  weak.signing.bytes = {};
  CHECK_FALSE(decode_site_public_key(encode_site_public_key(weak)));
  weak.signing.bytes[0] = std::byte{1};
  CHECK_FALSE(decode_site_public_key(encode_site_public_key(weak)));
}

TEST_CASE("a site's secret keys are one line, and come back") {
  const SiteSecret secret = SiteSecret::generate();
  const std::string text = encode_site_secret(secret);
  const auto read = decode_site_secret(text);
  REQUIRE(read);
  CHECK(read->public_half() == secret.public_half());
  for (std::size_t size = 0; size < text.size(); ++size) CHECK_FALSE(decode_site_secret(text.substr(0, size)));
  CHECK_FALSE(decode_site_secret(text + " "));
  CHECK_FALSE(decode_site_secret(encode_site_public_key(secret.public_half())));
}

TEST_CASE("the statement of an encrypted bundle tells no counts, and a sealed key stands under its flag only") {
  const TempFolder files;
  const Statement good = small_bundle(files, encrypted_recipe()).layout.statement;
  const auto decoded = decode_statement(encode_statement(good));
  REQUIRE(decoded);
  CHECK(*decoded == good);
  const auto refused = [](const Statement& s) {
    const auto read = decode_statement(encode_statement(s));
    return !read && read.error().kind == RefusalKind::malformed;
  };
  Statement s = good;
  s.patchsets = 1;
  CHECK(refused(s));
  s = good;
  s.withdrawn = 1;
  CHECK(refused(s));
  s = good;
  s.objects = 1;
  CHECK(refused(s));

  // Tables of a whole number of chunks and a tag, or less, have never been encrypted.
  for (const std::uint64_t beyond : {std::uint64_t{1}, std::uint64_t{kChunkTag}}) {
    s = good;
    s.table_bytes = s.block_bytes() + beyond;
    CHECK(refused(s));
    s = good;
    s.manifest_bytes = beyond;
    CHECK(refused(s));
  }

  auto bytes = encode_statement(good);
  bytes[12] = std::byte{0};  // the flag gone, the sealed key still there
  const auto unflagged = decode_statement(bytes);
  REQUIRE_FALSE(unflagged);
  CHECK(unflagged.error().kind == RefusalKind::malformed);
  CHECK(unflagged.error().offset == 400);
  bytes[12] = std::byte{3};
  const auto unknown = decode_statement(bytes);
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().kind == RefusalKind::unknown_format);
}

TEST_CASE("an encrypted bundle comes back from several volumes, wherever a block or a volume ends") {
  constexpr std::uint64_t kBlock = std::uint64_t{1} << 20;
  BundleRecipe recipe = encrypted_recipe();
  recipe.first = std::string(2'200'000, 'p');
  recipe.volume_size = 1'500'000;
  const TempFolder files;
  const SignedBundle sample = small_bundle(files, recipe);
  REQUIRE(sample.layout.statement.block_bytes() == kBlock);
  const std::uint64_t second = sample.layout.payload.bytes() - recipe.first.size();  // the recipe's other archive

  SECTION("the volume size around what one block takes") {
    // One block with its leaf, then so many bytes: too few for another block, just its tag and leaf, one byte of payload.
    const std::uint64_t one = description_of(sample.layout, 3) + kBlock + 32;
    for (const int more : {-64, -33, -17, -16, -1, 0, 1, 16, 31, 32, 33, 47, 48, 49, 50, 64, 65}) {
      CAPTURE(more);
      recipe.volume_size = static_cast<std::uint64_t>(static_cast<std::int64_t>(one) + more);
      check_round_trip(recipe);
    }
  }
  SECTION("the payload around what the volumes hold") {
    const auto holds = [&](std::uint32_t volume, std::uint32_t count) {
      std::uint64_t described = description_of(sample.layout, count);
      if (!carries_manifest(volume, count)) described -= sample.layout.manifest.size() + sample.layout.tables.size();
      const std::uint64_t room = recipe.volume_size - described;
      REQUIRE(room / (kBlock + 32) == 1);  // a whole block, and part of one
      return (kBlock - kChunkTag) + (room - (kBlock + 32)) - 32 - kChunkTag;
    };
    const std::uint64_t one = holds(1, 1);
    const std::uint64_t two = holds(1, 2) + holds(2, 2);
    const std::uint64_t before_third = holds(1, 3) + holds(2, 3);
    const std::uint64_t block = kBlock - kChunkTag;
    REQUIRE(two < before_third);
    // All full; one byte more; the last block of the last volume a byte, a block but one byte, a whole one, a byte after it.
    const std::vector<std::pair<std::uint64_t, std::uint32_t>> cases = {{one, 1},
                                                                        {one + 1, 2},
                                                                        {two - 1, 2},
                                                                        {two, 2},
                                                                        {two + 1, 3},
                                                                        {before_third + 1, 3},
                                                                        {before_third + block - 1, 3},
                                                                        {before_third + block, 3},
                                                                        {before_third + block + 1, 3},
                                                                        {before_third + holds(3, 3), 3},
                                                                        {before_third + holds(3, 3) + 1, 4}};
    for (const auto& [payload, volumes] : cases) {
      CAPTURE(payload, volumes);
      recipe.first = std::string(payload - second, 'q');
      const TempFolder again;
      const Layout layout = small_bundle(again, recipe).layout;
      CHECK(layout.payload.bytes() == payload);
      CHECK(layout.statement.volumes == volumes);
      if (payload == before_third + 1) CHECK(layout.volumes.back().payload_bytes == 1 + kChunkTag);
      if (payload == before_third + block) CHECK(layout.volumes.back().payload_bytes == kBlock);
      check_round_trip(recipe);
    }
  }
}

TEST_CASE("an edited README of an encrypted bundle is noticed without the key") {
  const TempFolder temp;
  write_small_bundle(temp / "b", encrypted_recipe());
  const Bytes honest = slurp(temp / "b/README.txt");
  CHECK(as_text(honest).find("plant1") == std::string_view::npos);
  CHECK(as_text(honest).find("encrypted") != std::string_view::npos);
  std::string text(as_text(honest));
  text.replace(text.find("sequence    7"), 13, "sequence    8");
  spit(temp / "b/README.txt", as_bytes(text));
  CHECK(kinds(verify_all({temp / "b"}, trust_in(1))) == std::vector{RefusalKind::altered_readme});
  // Nor does the text of a bundle that is not encrypted pass.
  Statement open = small_bundle(temp, {}).layout.statement;
  spit(temp / "b/README.txt", as_bytes(readme_text("plant1", open)));
  CHECK(kinds(verify_all({temp / "b"}, trust_in(1))) == std::vector{RefusalKind::altered_readme});
}

TEST_CASE("with another site's key an encrypted bundle is authentic, and stays closed") {
  const TempFolder temp;
  write_small_bundle(temp / "b", encrypted_recipe());
  const DecryptionKey other = secret_of(7);
  Judge judge{trust_in(1)};
  judge.key = &other;
  Findings findings;
  const auto bundle = examine(open_media({temp / "b"}, findings), judge, findings);
  REQUIRE(bundle);
  CHECK(kinds(findings) == std::vector{RefusalKind::wrong_key});
  CHECK_FALSE(bundle->manifest());
  CHECK_FALSE(bundle->content_key());
}
