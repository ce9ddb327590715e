// SPDX-License-Identifier: Apache-2.0
// Golden vectors: the bytes of tests/vectors, made again and compared. A second implementation can read them; a change
// that alters them changes the format (CONTRIBUTING.md). PATCHFERRY_WRITE_VECTORS=1 writes them, and the fuzz seeds.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>

#include "bundle-format/archive_signature.h"
#include "bundle-format/notice.h"
#include "bundle-format/readme.h"
#include "bundle-format/receipt.h"
#include "bundle-format/write/site_secret.h"
#include "tests/unit/small_bundle.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

const std::string kVectors = PATCHFERRY_SOURCE_DIR "/tests/vectors";
const std::string kSeeds = PATCHFERRY_SOURCE_DIR "/tests/fuzz/seeds";

bool writing() { return std::getenv("PATCHFERRY_WRITE_VECTORS") != nullptr; }

void same_as_vector(const std::string& path, ByteSpan bytes) {
  if (writing()) {
    make_folders(parent_of(path));
    spit(path, bytes);
  }
  INFO(path);
  REQUIRE(exists(path));
  const Bytes golden = slurp(path);
  CHECK(golden == Bytes(bytes.begin(), bytes.end()));
}

/// Site plant1's keys: seed bytes 5, X25519 secret bytes 6.
SiteSecret site_secret() {
  std::array<std::byte, 32> secret{};
  secret.fill(std::byte{6});
  return {test_key(5), DecryptionKey(secret)};
}

/// Keys 1, 2, 3 keep the root (2 of them needed), 4, 5, 6 sign bundles (2), 7 signs heads. Then 3 and 6 go, 8 and 9 come.
std::vector<SignedRoot> rotated_chain() {
  const auto document = [](std::uint32_t version, std::vector<unsigned char> root, std::vector<unsigned char> release,
                           const Digest& previous = {}) {
    RootDocument out;
    out.version = version;
    out.previous = previous;
    const std::vector<std::vector<unsigned char>> roles = {root, release, {7}};
    for (const auto& role : roles)
      for (const auto seed : role) out.keys.push_back(test_key(seed).public_key());
    std::sort(out.keys.begin(), out.keys.end());
    for (std::size_t i = 0; i < roles.size(); ++i) {
      out.roles[i].threshold = i == 2 ? 1 : 2;
      for (const auto seed : roles[i])
        out.roles[i].keys.push_back(static_cast<std::uint8_t>(
            std::find(out.keys.begin(), out.keys.end(), test_key(seed).public_key()) - out.keys.begin()));
      std::sort(out.roles[i].keys.begin(), out.roles[i].keys.end());
    }
    return encode_root(out);
  };
  const auto link = [](Bytes bytes, const std::vector<unsigned char>& signers) {
    Envelope envelope;
    for (const auto seed : signers) {
      const SigningKey key = test_key(seed);
      const Signature signature = key.sign(DocumentType::root, bytes);
      envelope.push_back({id_of(key.public_key()), Bytes(signature.begin(), signature.end())});
    }
    return SignedRoot{std::move(bytes), std::move(envelope)};
  };
  SignedRoot first = link(document(1, {1, 2, 3}, {4, 5, 6}), {1, 2});
  SignedRoot second = link(document(2, {1, 2, 8}, {4, 5, 9}, sha256(first.document)), {1, 2});
  return {std::move(first), std::move(second)};
}

BundleRecipe rotated_bundle() {
  BundleRecipe recipe;
  recipe.sequence = 8;
  recipe.bundle = 0xb8;
  recipe.chain = rotated_chain();
  recipe.signers = {4, 9};
  recipe.previous = sha256(as_bytes("the statement of bundle 7"));
  recipe.expires = 1799143200;
  recipe.withdrawn = {"K20250105_01"};
  recipe.needs = {{"K20251201_01", sha256(as_bytes("an archive that bundle 7 brings")), 7}};
  return recipe;
}

/// Two objects, recipes and packs of 9060 bytes together, as fuzz_tables.cc asks for, and three bases: the site's, and out of pack 0.
Tables tables_with_bases() {
  Tables t;
  const Digest a = sha256(as_bytes("a"));
  const Digest b = sha256(as_bytes("b"));
  t.objects = {{std::min(a, b), 4000, 0, 0}, {std::max(a, b), 4000, 1, 10}};
  t.recipes = {{{}, t.objects[1].hash, RebuildBy::recipe, 1234},
               {t.objects[0].hash, t.objects[0].hash, RebuildBy::verbatim, 4000}};
  t.packs = {{Codec::zstd, 0, 4000, 4000}, {Codec::zstd, 4000, 5060, 8000}};
  const Digest site = sha256(as_bytes("at the site"));
  t.bases = {{0, site, 100}, {1, t.objects[0].hash, 4000}, {1, site, 100}};
  return t;
}

Bytes joined(const Tables& t) {
  Bytes out = encode_objects(t.objects);
  for (const auto& part : {encode_recipes(t.recipes), encode_packs(t.packs), encode_bases(t.bases)})
    out.insert(out.end(), part.begin(), part.end());
  return out;
}

bool decode_joined(const Tables& t) {
  const Bytes objects = encode_objects(t.objects);
  const Bytes recipes = encode_recipes(t.recipes);
  const Bytes packs = encode_packs(t.packs);
  const Bytes bases = encode_bases(t.bases);
  return decode_tables({objects, recipes, packs, bases}, 9060, 1 << 20).has_value();
}

}  // namespace

TEST_CASE("a bundle under rotated root documents, that builds on another and withdraws, is its golden vector") {
  const TempFolder temp;
  write_small_bundle(temp / "b", rotated_bundle());
  for (const auto& name : folder_entries(temp / "b"))
    same_as_vector(kVectors + "/rotated-root/" + name, slurp(temp / "b/" + name));
  const Digest domain = sha256(rotated_chain().front().document);
  CHECK(verify_all({kVectors + "/rotated-root"}, TrustAnchors{{{domain, 1, domain}}}).empty());
}

TEST_CASE("tokens and site keys are their golden vectors") {
  const SiteSecret secret = site_secret();
  same_as_vector(kVectors + "/site.key", as_bytes(encode_site_secret(secret)));
  same_as_vector(kVectors + "/site.pub", as_bytes(encode_site_public_key(secret.public_half())));
  const auto root = decode_root(rotated_chain().back().document);
  REQUIRE(root);
  Notice notice;
  notice.trust_domain = sha256(rotated_chain().front().document);
  notice.audience = audience_of("plant1");
  notice.stream.bytes.fill(std::byte{0x51});
  notice.root_version = 2;
  notice.sequence = 8;
  notice.statement = sha256(as_bytes("the statement of bundle 8"));
  notice.created = 1767607200;
  const auto signed_by = [&](const std::vector<unsigned char>& seeds) {
    Envelope envelope;
    for (const auto seed : seeds) {
      const Signature one = test_key(seed).sign(document_type(notice.kind), encode_notice(notice));
      envelope.push_back({id_of(test_key(seed).public_key()), Bytes(one.begin(), one.end())});
    }
    return encode_token(token_of(notice, *root, envelope)) + "\n";
  };
  notice.challenge = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}};
  same_as_vector(kVectors + "/plant1.head", as_bytes(signed_by({7})));
  notice.kind = NoticeKind::permit;
  notice.challenge = {};
  notice.last = sha256(as_bytes("the statement of bundle 9"));
  same_as_vector(kVectors + "/plant1.permit", as_bytes(signed_by({4, 9})));
}

TEST_CASE("an archive's signature is its golden vector") {
  const std::string text = BundleRecipe().first;
  ArchiveSignature signature;
  signature.statement = {
      sha256(rotated_chain().front().document), 2, "K20260105_01.tar.bz2", sha256(as_bytes(text)), text.size(), 1767607200};
  for (const unsigned char seed : std::vector<unsigned char>{4, 9}) {
    const Signature one = test_key(seed).sign(DocumentType::archive, encode_archive_statement(signature.statement));
    signature.envelope.push_back({id_of(test_key(seed).public_key()), Bytes(one.begin(), one.end())});
  }
  const Bytes bytes = encode_archive_signature(signature);
  same_as_vector(kVectors + "/K20260105_01.tar.bz2.sig", bytes);
  same_as_vector(kSeeds + "/archive_signature/good", bytes);
}

TEST_CASE("the encrypted golden vector is checked without a secret, and read with the site's key") {
  // Encrypting draws random keys, so this vector is read, and made anew only on demand.
  const std::string vector = kVectors + "/encrypted";
  if (writing()) {
    remove_tree(vector);
    BundleRecipe recipe;
    recipe.bundle = 0xbe;
    recipe.volume_size = 9000;
    recipe.encrypt_to = site_secret().decryption.public_half();
    write_small_bundle(vector, recipe);
  }
  CHECK(verify_all({vector}, trust_in(1)).empty());
  const DecryptionKey key = site_secret().decryption;
  Judge judge{trust_in(1)};
  judge.key = &key;
  Findings findings;
  const auto bundle = examine(open_media({vector}, findings), judge, findings);
  CHECK(findings.empty());
  REQUIRE(bundle);
  REQUIRE(bundle->manifest());
  CHECK(bundle->manifest()->patchsets.size() == 2);
  CHECK(bundle->statement().patchsets == 0);
  for (const auto& name : folder_entries(vector)) {
    const Bytes bytes = slurp(vector + "/" + name);
    for (const char* secret : {"K20260105_01", "plant1", "CVE-2026", "first archive"})
      CHECK(as_text(bytes).find(secret) == std::string_view::npos);
  }
}

TEST_CASE("bundles are made of the very bytes of the golden vectors") {
  for (const std::uint64_t volume_size : {std::uint64_t{0}, std::uint64_t{9000}}) {
    const std::string vector = kVectors + (volume_size == 0 ? "/one-volume" : "/several-volumes");
    const TempFolder temp;
    write_small_bundle(temp / "b", {.volume_size = volume_size});
    for (const auto& name : folder_entries(temp / "b")) same_as_vector(vector + "/" + name, slurp(temp / "b/" + name));
    CHECK(folder_entries(vector) == folder_entries(temp / "b"));
    CHECK(verify_all({vector}, trust_in(1)).empty());
  }
  const SigningKey key = test_key(1);
  same_as_vector(kVectors + "/key.pub", as_bytes(encode_public_key(key.public_key())));
  same_as_vector(kVectors + "/key.key", as_bytes(key.encode("")));
}

TEST_CASE("a receipt is made of the very bytes of the golden vector") {
  const SigningKey key = test_key(5);
  Receipt r;
  r.site = "plant1";
  r.encryption = site_secret().decryption.public_half();
  r.domains = {{trust_in(1).anchors.front().domain, 1, 1}};
  r.streams = {{StreamId{}, 1, 7, sha256(as_bytes("statement"))}};
  r.streams.front().stream.bytes.fill(std::byte{0x51});
  r.issued = 1767607200;
  r.free_bytes = 1000000;
  r.patchsets = {{"K20260105_01", sha256(as_bytes("a"))}};
  r.withdrawn = {"K20250105_01"};
  same_as_vector(
      kVectors + "/plant1.receipt",
      as_bytes(encode_receipt(r, key.public_key(), key.sign(DocumentType::receipt, as_bytes(encode_receipt_body(r))))));
}

TEST_CASE("the fuzz targets start from good documents") {
  const TempFolder files;
  const SignedBundle bundle = small_bundle(files);
  const auto seed = [&](const char* target, ByteSpan bytes, const char* name = "good") {
    same_as_vector(kSeeds + "/" + target + "/" + name, bytes);
  };
  seed("statement", encode_statement(bundle.layout.statement));
  seed("envelope", bundle.envelope);
  seed("root_chain", bundle.layout.root_chain);
  seed("root_file", encode_root_file({encode_root(single_key_root(test_key(1).public_key())), {}}));
  seed("volume", slurp(kVectors + "/one-volume/" + volume_file_name(bundle.layout.statement.bundle, 1)));
  seed("manifest", as_bytes(bundle.layout.manifest));
  seed("tables", bundle.layout.tables);
  Tables bases = tables_with_bases();
  seed("tables", joined(bases), "bases");
  CHECK(decode_joined(bases));
  bases.bases[1].object = bases.objects[1].hash;  // of the very pack that it is a base of
  bases.bases[1].bytes = bases.objects[1].bytes;
  seed("tables", joined(bases), "late-base");
  CHECK_FALSE(decode_joined(bases));
  bases = tables_with_bases();
  bases.bases[2].bytes = kMaxPrefix;
  seed("tables", joined(bases), "large-bases");
  CHECK_FALSE(decode_joined(bases));
  bases = tables_with_bases();
  std::swap(bases.bases[0], bases.bases[2]);
  seed("tables", joined(bases), "unsorted-bases");
  CHECK_FALSE(decode_joined(bases));
  bases = tables_with_bases();
  bases.packs[0] = {Codec::stored, 0, 4000, 4000};
  seed("tables", joined(bases), "stored-with-bases");
  CHECK_FALSE(decode_joined(bases));
  seed("receipt", slurp(kVectors + "/plant1.receipt"));
  seed("key_file", slurp(kVectors + "/key.pub"));
  seed("site_key", slurp(kVectors + "/site.pub"));
  seed("token", slurp(kVectors + "/plant1.head"));
}
