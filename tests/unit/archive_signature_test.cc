// SPDX-License-Identifier: Apache-2.0
// The signature of a single archive: its bytes, and who is believed, each refusal by its very kind.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <sys/stat.h>

#include "importer/archive_vouching.h"
#include "importer/roots.h"
#include "tests/unit/small_bundle.h"
#include "verifier/archive_signatures.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

using Seeds = std::vector<unsigned char>;

const std::string kFile = "K20260105_01.tar.bz2";
const std::string kText = "the first archive, as the vendor made it";

/// Release keys 11, 12, 13, two needed; root keys 1, 2; head key 21. Document 2 has 14 in place of 13.
RootDocument root_of(std::uint32_t version, const Seeds& release, std::uint16_t lowest_format = 1) {
  RootDocument out;
  out.version = version;
  out.lowest_format = lowest_format;
  const std::vector<Seeds> roles = {{1, 2}, release, {21}};
  for (const auto& role : roles)
    for (const auto seed : role) out.keys.push_back(test_key(seed).public_key());
  std::sort(out.keys.begin(), out.keys.end());
  for (std::size_t i = 0; i < roles.size(); ++i) {
    out.roles[i].threshold = i == 2 ? 1 : 2;
    for (const auto seed : roles[i])
      out.roles[i].keys.push_back(static_cast<std::uint8_t>(
          std::lower_bound(out.keys.begin(), out.keys.end(), test_key(seed).public_key()) - out.keys.begin()));
    std::sort(out.roles[i].keys.begin(), out.roles[i].keys.end());
  }
  return out;
}

const Digest kDomain = domain_of(root_of(1, {11, 12, 13}));

SignedRoot link(const RootDocument& root, const Seeds& signers) {
  SignedRoot out{encode_root(root), {}};
  for (const auto seed : signers) {
    const Signature one = test_key(seed).sign(DocumentType::root, out.document);
    out.envelope.push_back({id_of(test_key(seed).public_key()), Bytes(one.begin(), one.end())});
  }
  std::sort(out.envelope.begin(), out.envelope.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return out;
}

TrustAnchor anchor_of(const RootDocument& root) { return {kDomain, root.version, hash_of(root), {}, root}; }

ArchiveStatement statement() {
  ArchiveStatement s;
  s.trust_domain = kDomain;
  s.file = kFile;
  s.archive = sha256(as_bytes(kText));
  s.bytes = kText.size();
  s.created = 1767607200;
  return s;
}

GivenArchive given() { return {kFile, sha256(as_bytes(kText)), kText.size()}; }

ArchiveSignature signed_by(const Seeds& seeds, ArchiveStatement s = statement(), DocumentType type = DocumentType::archive) {
  ArchiveSignature out{std::move(s), {}};
  for (const auto seed : seeds) {
    const Signature one = test_key(seed).sign(type, encode_archive_statement(out.statement));
    out.envelope.push_back({id_of(test_key(seed).public_key()), Bytes(one.begin(), one.end())});
  }
  std::sort(out.envelope.begin(), out.envelope.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return out;
}

ArchiveStatement changed(const std::function<void(ArchiveStatement&)>& change) {
  ArchiveStatement s = statement();
  change(s);
  return s;
}

struct Case {
  const char* what;
  ArchiveSignature signature;
  GivenArchive archive = given();
  RootDocument root = root_of(1, {11, 12, 13});
  std::optional<RefusalKind> kind = std::nullopt;
};

ArchiveSignature bent(ArchiveSignature s) {
  s.envelope[0].signature[3] ^= std::byte{1};
  return s;
}

}  // namespace

TEST_CASE("what is accepted as an archive's signature is what is written, and it says the same") {
  for (const auto& seeds : {Seeds{11}, Seeds{11, 12}, Seeds{11, 12, 13, 14, 15, 16}}) {
    const ArchiveSignature signature = signed_by(seeds);
    const Bytes bytes = encode_archive_signature(signature);
    CHECK(bytes.size() == kStatementSize + envelope_size(seeds.size()));
    const auto again = decode_archive_signature(bytes);
    REQUIRE(again);
    CHECK(again->statement == signature.statement);
    CHECK(again->envelope == signature.envelope);
  }
  for (const char* name : {"16012017_1.tgz", "U20210818_01-qemu.tar.bz2", "U20210818_1234-abcdefghijklmnop.tar.bz2"}) {
    const auto s = changed([&](auto& one) { one.file = name; });
    const auto again = decode_archive_statement(encode_archive_statement(s));
    REQUIRE(again);
    CHECK(*again == s);
  }
}

TEST_CASE("an archive's signature cut at any byte, or one byte longer, is malformed") {
  const Bytes good = encode_archive_signature(signed_by({11, 12}));
  for (std::size_t n = 0; n < good.size(); ++n) {
    const auto cut = decode_archive_signature(ByteSpan(good).first(n));
    INFO(n);
    REQUIRE_FALSE(cut);
    CHECK(cut.error().kind == RefusalKind::malformed);
  }
  Bytes longer = good;
  longer.push_back(std::byte{0});
  REQUIRE_FALSE(decode_archive_signature(longer));
  CHECK(decode_archive_signature(longer).error().kind == RefusalKind::malformed);
}

TEST_CASE("every bit of an archive's signature, flipped, is refused") {
  const Bytes good = encode_archive_signature(signed_by({11, 12}));
  const TrustAnchors anchors{{anchor_of(root_of(1, {11, 12, 13}))}};
  REQUIRE(vouch_for(given(), *decode_archive_signature(good), anchors));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes flipped = good;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const auto signature = decode_archive_signature(flipped);
    INFO(bit / 8);
    if (!signature) continue;
    CHECK(encode_archive_signature(*signature) == flipped);
    CHECK_FALSE(vouch_for(given(), *signature, anchors));
  }
}

TEST_CASE("every field of an archive's signature that breaks its rule is refused by its kind") {
  struct Change {
    std::size_t offset;
    Bytes bytes;
    RefusalKind kind;
  };
  const auto b = [](std::initializer_list<int> values) {
    Bytes out;
    for (const int v : values) out.push_back(static_cast<std::byte>(v));
    return out;
  };
  const auto text = [](std::string_view t) { return Bytes(as_bytes(t).begin(), as_bytes(t).end()); };
  const Change changes[] = {
      {0, text("PFSTATEM"), RefusalKind::malformed},
      {8, b({2, 0}), RefusalKind::unknown_format},
      {10, b({1}), RefusalKind::malformed},
      {12, b({1}), RefusalKind::unknown_format},
      {48, b({0, 0, 0, 0}), RefusalKind::malformed},
      {52, b({1}), RefusalKind::malformed},
      {88, b({0, 0, 0, 0, 0, 0, 0, 0}), RefusalKind::malformed},
      {88, b({255, 255, 255, 255, 255, 255, 255, 255}), RefusalKind::too_large},
      {88, b({1, 0, 0, 0, 0, 0, 4, 0}), RefusalKind::too_large},  // 2^50 + 1
      {96, b({255, 255, 255, 255, 255, 255, 255, 255}), RefusalKind::malformed},
      {104, text("K20260105_00"), RefusalKind::malformed},
      {104, text("../../etc/x\0"), RefusalKind::malformed},
      {104, b({0}), RefusalKind::malformed},
      {104 + 12, text(".tar.xz\0"), RefusalKind::malformed},
      {104 + 20, b({0, 'x'}), RefusalKind::malformed},
      {104 + 63, b({1}), RefusalKind::malformed},
      {168, b({1}), RefusalKind::malformed},
      {511, b({1}), RefusalKind::malformed},
      {512, text("PFSJ"), RefusalKind::malformed},
  };
  for (const auto& change : changes) {
    Bytes bytes = encode_archive_signature(signed_by({11}));
    std::copy(change.bytes.begin(), change.bytes.end(), bytes.begin() + static_cast<std::ptrdiff_t>(change.offset));
    const auto read = decode_archive_signature(bytes);
    INFO(change.offset);
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == change.kind);
  }
}

TEST_CASE("a table of who vouches for an archive, and each refusal by its very kind") {
  const auto other_domain = changed([](auto& s) { s.trust_domain[0] ^= std::byte{1}; });
  const auto later_root = changed([](auto& s) { s.root_version = 7; });
  GivenArchive renamed = given(), longer = given(), shorter = given(), altered = given();
  renamed.file = "K20260114_02.tar.bz2";
  longer.bytes += 1;
  shorter.bytes -= 1;
  altered.hash[31] ^= std::byte{1};
  const RootDocument rotated = root_of(2, {11, 12, 14});
  const Case cases[] = {
      {"two of the three", signed_by({11, 12})},
      {"all three", signed_by({11, 12, 13})},
      {"the root version in the file does not matter", signed_by({11, 13}, later_root)},
      {"a key that did not sign was rotated out", signed_by({11, 12}), given(), rotated},
      {"one of three signers was rotated out, and the others suffice", signed_by({11, 12, 13}), given(), rotated},
      {"a stranger signed as well", signed_by({11, 12, 99}), given()},
      {"signed before by a key that holds the role now", signed_by({11, 14}), given(), rotated},

      {"another trust domain", signed_by({11, 12}, other_domain), given(), root_of(1, {11, 12, 13}), RefusalKind::untrusted},
      {"too few", signed_by({11}), given(), root_of(1, {11, 12, 13}), RefusalKind::threshold},
      {"a stranger does not make up the number", signed_by({11, 99}), given(), root_of(1, {11, 12, 13}),
       RefusalKind::unknown_key},
      {"only strangers", signed_by({98, 99}), given(), root_of(1, {11, 12, 13}), RefusalKind::unknown_key},
      {"root keys", signed_by({1, 2}), given(), root_of(1, {11, 12, 13}), RefusalKind::unknown_key},
      {"the head key", signed_by({11, 21}), given(), root_of(1, {11, 12, 13}), RefusalKind::unknown_key},
      {"a signer was rotated out, and one is not enough", signed_by({11, 13}), given(), rotated, RefusalKind::unknown_key},
      {"a key that came later", signed_by({11, 14}), given(), root_of(1, {11, 12, 13}), RefusalKind::unknown_key},
      {"a signature that does not fit", bent(signed_by({11, 12})), given(), root_of(1, {11, 12, 13}), RefusalKind::bad_signature},
      {"one that does not fit, beside enough", bent(signed_by({11, 12, 13})), given(), root_of(1, {11, 12, 13}),
       RefusalKind::bad_signature},
      {"signed as a bundle", signed_by({11, 12}, statement(), DocumentType::bundle), given(), root_of(1, {11, 12, 13}),
       RefusalKind::bad_signature},
      {"signed as a permit", signed_by({11, 12}, statement(), DocumentType::permit), given(), root_of(1, {11, 12, 13}),
       RefusalKind::bad_signature},
      {"the format is believed no more", signed_by({11, 12}), given(), root_of(2, {11, 12, 13}, 2), RefusalKind::old_format},
      {"another name", signed_by({11, 12}), renamed, root_of(1, {11, 12, 13}), RefusalKind::conflict},
      {"cut short", signed_by({11, 12}), shorter, root_of(1, {11, 12, 13}), RefusalKind::cut},
      {"longer", signed_by({11, 12}), longer, root_of(1, {11, 12, 13}), RefusalKind::extended},
      {"other bytes", signed_by({11, 12}), altered, root_of(1, {11, 12, 13}), RefusalKind::damaged},
      {"a stranger's word for other bytes is a stranger's word", signed_by({98, 99}), altered, root_of(1, {11, 12, 13}),
       RefusalKind::unknown_key},
  };
  for (const auto& one : cases) {
    INFO(one.what);
    const auto vouched = vouch_for(one.archive, one.signature, TrustAnchors{{anchor_of(one.root)}});
    CHECK(vouched.has_value() == !one.kind.has_value());
    if (!vouched && one.kind) CHECK(std::string(name_of(vouched.error().kind)) == name_of(*one.kind));
    if (vouched) CHECK(vouched->signers().size() >= 2);
    if (vouched) CHECK(vouched->statement() == one.signature.statement);
  }
}

TEST_CASE("where the root document in force is not at hand, nobody vouches") {
  TrustAnchor behind = anchor_of(root_of(1, {11, 12, 13}));
  behind.version = 2;
  const auto vouched = vouch_for(given(), signed_by({11, 12}), TrustAnchors{{behind}});
  REQUIRE_FALSE(vouched);
  CHECK(vouched.error().kind == RefusalKind::incomplete);
}

TEST_CASE("a .sig file is read as it lies there: absent, not a file, or longer than any signature") {
  const TempFolder files;
  const std::string path = files / signature_path_of(kFile);
  REQUIRE(read_archive_signature(path));
  CHECK_FALSE(*read_archive_signature(path));
  spit(path, encode_archive_signature(signed_by({11, 12})));
  REQUIRE(read_archive_signature(path));
  CHECK(*read_archive_signature(path));

  make_symlink(path, files / "link");
  make_symlink("nowhere", files / "dangling");
  make_folder(files / "folder");
  REQUIRE(::mkfifo((files / "pipe").c_str(), 0600) == 0);
  for (const char* name : {"link", "dangling", "folder", "pipe"}) {
    INFO(name);
    const auto read = read_archive_signature(files / name);
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == RefusalKind::not_regular);
    CHECK(read.error().where == files / name);
  }
  Bytes large = encode_archive_signature(signed_by({11, 12}));
  large.resize(10 << 20);
  spit(path, large);
  REQUIRE_FALSE(read_archive_signature(path));
  CHECK(read_archive_signature(path).error().kind == RefusalKind::malformed);
}

TEST_CASE("a site believes an archive's signature by the root documents that are in force there, and changes nothing") {
  const TempFolder files;
  const SignedRoot first = link(root_of(1, {11, 12, 13}), {1, 2});
  RootDocument next = root_of(2, {11, 12, 14});
  next.previous = sha256(first.document);
  const SignedRoot second = link(next, {1, 2});
  TrustAnchor enrolled = anchor_of(root_of(1, {11, 12, 13}));
  enrolled.chain = {first};
  importer::Site::create(files / "base", "plant1", {{enrolled}});
  importer::Settings settings;
  settings.base = files / "base";
  importer::Site site(settings, importer::Site::Wait::no);
  const auto name = *parse_archive_name(kFile);
  const std::string path = files / signature_path_of(kFile);
  const auto check = [&] { return importer::check_signature(site, name, given().hash, given().bytes, path); };

  REQUIRE(check());
  CHECK_FALSE(*check());  // nobody has signed it
  spit(path, encode_archive_signature(signed_by({11, 13})));
  REQUIRE(check());
  REQUIRE(*check());
  CHECK((*check())->signers().size() == 2);
  CHECK((*check())->statement().file == kFile);

  const auto other = importer::check_signature(site, name, sha256(as_bytes("other")), given().bytes, path);
  REQUIRE_FALSE(other);
  CHECK(other.error().kind == RefusalKind::damaged);
  CHECK(other.error().where == path);

  REQUIRE(importer::advance(site, {first, second}));
  REQUIRE_FALSE(check());
  CHECK(check().error().kind == RefusalKind::unknown_key);
  spit(path, encode_archive_signature(signed_by({11, 12})));  // the same signatures as before the rotation
  REQUIRE(check());
  CHECK(*check());

  // The file with the newer documents is lost: the old one must not be believed again.
  for (const auto& file : folder_entries(files / "base/trust"))
    if (file.ends_with(".root")) spit(files / "base/trust/" + file, encode_root_chain({first}));
  REQUIRE_FALSE(check());
  CHECK(check().error().kind == RefusalKind::incomplete);
}
