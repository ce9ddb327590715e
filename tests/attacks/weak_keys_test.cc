// SPDX-License-Identifier: Apache-2.0
// Keys and signatures that a lax verifier takes: published vectors, keys of small order, second forms of a good signature, and
// a signature that was made for a document of another type or algorithm.
#include <catch2/catch.hpp>
#include <sodium.h>
#include <sstream>

#include "tests/unit/small_bundle.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

struct Vector {
  std::string name;
  Bytes key, message, signature;
};

Bytes from_hex(const std::string& text) {
  Bytes out;
  for (std::size_t at = 0; text != "-" && at < text.size(); at += 2)
    out.push_back(static_cast<std::byte>(std::stoi(text.substr(at, 2), nullptr, 16)));
  return out;
}

/// The published ones whose name begins so.
std::vector<Vector> published(const std::string& beginning) {
  std::istringstream lines(std::string(as_text(slurp(PATCHFERRY_SOURCE_DIR "/tests/attacks/ed25519_vectors"))));
  std::vector<Vector> out;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(beginning)) continue;
    std::vector<std::string> parts;
    for (std::size_t at = 0; at < line.size();) {
      const auto end = std::min(line.find(" | ", at), line.size());
      parts.push_back(line.substr(at, end - at));
      at = end + 3;
    }
    REQUIRE(parts.size() == 4);
    out.push_back({parts[0], from_hex(parts[1]), from_hex(parts[2]), from_hex(parts[3])});
  }
  return out;
}

const unsigned char* raw(const Bytes& bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

/// By the primitive that verifies() puts our document types in front of.
bool accepted(const Vector& v) {
  return crypto_sign_verify_detached(raw(v.signature), raw(v.message), v.message.size(), raw(v.key)) == 0;
}

PublicKey key_of(const Bytes& bytes) {
  PublicKey key;
  std::copy(bytes.begin(), bytes.end(), key.bytes.begin());
  return key;
}

/// Every encoding of the points of order 1, 2, 4 and 8, the non-canonical ones included: the five y below, with and without the
/// bit for x, and those of them that have a second form because they are less than 19.
std::vector<Bytes> small_order_keys() {
  std::vector<Bytes> out;
  const std::string zeros(58, '0'), ones(60, 'f');
  for (const std::string& y :
       {"00" + zeros + "0000", "01" + zeros + "0000", "ec" + ones + "7f", "ed" + ones + "7f", "ee" + ones + "7f",
        std::string("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        std::string("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")})
    for (const unsigned sign : {0U, 0x80U}) {
      out.push_back(from_hex(y));
      REQUIRE(out.back().size() == kPublicKeySize);
      out.back().back() |= static_cast<std::byte>(sign);
    }
  return out;
}

const DocumentType kTypes[] = {DocumentType::bundle, DocumentType::root,   DocumentType::receipt,
                               DocumentType::head,   DocumentType::permit, DocumentType::archive};

/// S plus a multiple of the group's order: the same signature to whoever reduces it.
bool add_order(Signature& signature, unsigned times) {
  static constexpr unsigned char kOrder[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                               0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                               0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += static_cast<unsigned>(signature[32 + i]) + kOrder[i] * times;
    signature[32 + i] = static_cast<std::byte>(carry & 0xff);
    carry >>= 8;
  }
  return carry == 0;
}

}  // namespace

TEST_CASE("published Ed25519 vectors of RFC 8032 are accepted, and refused with any bit of key or signature flipped") {
  const auto vectors = published("RFC 8032");
  REQUIRE(vectors.size() == 5);
  for (const auto& good : vectors) {
    INFO(good.name);
    CHECK(accepted(good));
    unsigned taken = 0;
    for (std::size_t bit = 0; bit < 8 * (kPublicKeySize + kSignatureSize); ++bit) {
      Vector bad = good;
      std::byte& at = bit < 8 * kPublicKeySize ? bad.key[bit / 8] : bad.signature[bit / 8 - kPublicKeySize];
      at ^= static_cast<std::byte>(1U << (bit % 8));
      taken += accepted(bad) ? 1U : 0U;
    }
    for (std::size_t bit = 0; bit < 8 * good.message.size(); bit += 7) {
      Vector bad = good;
      bad.message[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      taken += accepted(bad) ? 1U : 0U;
    }
    CHECK(taken == 0);
  }
  // RFC 8032, 7.1, test 1: the key of that seed.
  const auto seed = array_from_hex<32>("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  CHECK(SigningKey::from_seed(*seed).public_key() == key_of(vectors[0].key));
}

TEST_CASE("of the twelve published signatures on which verifiers disagree, only the one that breaks no rule is accepted") {
  const auto vectors = published("EdDSAs");
  REQUIRE(vectors.size() == 12);
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    INFO(vectors[i].name);
    CHECK(accepted(vectors[i]) == (i == 3));  // points of mixed order, canonical, and the equation holds
  }
}

TEST_CASE("a key of small order is no key, and what anybody can sign with it counts for nothing") {
  Signature forged{};  // R is the neutral point and S zero: for a key of small order, this fits one message in eight or more
  forged[0] = std::byte{1};
  for (const Bytes& weak : small_order_keys()) {
    INFO(to_hex(weak));
    const auto decoded = decode_public_key(encode_public_key(key_of(weak)));
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().kind == RefusalKind::malformed);
    for (const DocumentType type : kTypes)
      for (unsigned char i = 0; i < 16; ++i) CHECK_FALSE(verifies(key_of(weak), type, Bytes(64, std::byte{i}), forged));
  }
}

TEST_CASE("a bundle under a root key of small order is refused, if that key had been enrolled") {
  PublicKey weak;
  weak.bytes[0] = std::byte{1};
  Signature forged{};
  forged[0] = std::byte{1};
  const Bytes root = encode_root(single_key_root(weak));
  const std::vector<SignedRoot> chain = {{root, {{id_of(weak), Bytes(forged.begin(), forged.end())}}}};
  const auto walked = walk_root_chain(chain, sha256(root));
  REQUIRE_FALSE(walked);
  CHECK(walked.error().kind == RefusalKind::bad_root);
  const auto judged = check_signatures(single_key_root(weak), Role::release, DocumentType::bundle, Bytes(512), chain[0].envelope);
  REQUIRE_FALSE(judged);
  CHECK(judged.error().kind == RefusalKind::bad_signature);
}

TEST_CASE("a signature has one form: its S plus the order of the group is refused") {
  for (unsigned char seed = 1; seed <= 8; ++seed) {
    const SigningKey key = test_key(seed);
    const Bytes body(10, std::byte{seed});
    const Signature good = key.sign(DocumentType::bundle, body);
    CHECK(verifies(key.public_key(), DocumentType::bundle, body, good));
    for (unsigned times = 1; times < 16; ++times) {
      Signature other = good;
      if (add_order(other, times)) CHECK_FALSE(verifies(key.public_key(), DocumentType::bundle, body, other));
    }
    Bytes longer(good.begin(), good.end());
    longer.push_back(std::byte{0});
    CHECK_FALSE(verifies(key.public_key(), DocumentType::bundle, body, longer));
    CHECK_FALSE(verifies(key.public_key(), DocumentType::bundle, body, ByteSpan(good).first(63)));
  }
}

TEST_CASE("a signature counts for its own type of document only") {
  const SigningKey key = test_key(1);
  const Bytes body(kStatementSize);
  for (const DocumentType made : kTypes) {
    const Signature signature = key.sign(made, body);
    for (const DocumentType taken : kTypes) {
      INFO(type_string(made) << " taken for " << type_string(taken));
      CHECK(verifies(key.public_key(), taken, body, signature) == (made == taken));
    }
  }
}

TEST_CASE("a head token's signature does not carry a bundle, nor a bundle's a head token") {
  const SigningKey key = test_key(1);  // in a document of one key, it holds every role
  const RootDocument root = single_key_root(key.public_key());
  for (const DocumentType signed_as : {DocumentType::head, DocumentType::permit, DocumentType::root}) {
    const TempFolder temp;
    write_small_bundle(temp / "b", {.signed_as = signed_as});
    CHECK(kinds(verify_all({temp / "b"}, trust_in(1))) == std::vector{RefusalKind::bad_signature});
  }
  const Bytes body(kStatementSize);
  for (const Role role : {Role::head, Role::root}) {
    const Signature one = key.sign(DocumentType::bundle, body);
    const auto judged = check_signatures(root, role, role == Role::head ? DocumentType::head : DocumentType::root, body,
                                         {{id_of(key.public_key()), Bytes(one.begin(), one.end())}});
    REQUIRE_FALSE(judged);
    CHECK(judged.error().kind == RefusalKind::bad_signature);
  }
}

TEST_CASE("the algorithm is the root document's, and one that is not known verifies nothing") {
  const SigningKey key = test_key(1);
  const Bytes body(10);
  PublicKey other = key.public_key();
  other.algorithm = static_cast<Algorithm>(2);
  CHECK_FALSE(verifies(other, DocumentType::bundle, body, key.sign(DocumentType::bundle, body)));
  CHECK(id_of(other) != id_of(key.public_key()));
  const auto decoded = decode_root(encode_root(single_key_root(other)));
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().kind == RefusalKind::unknown_format);
}
