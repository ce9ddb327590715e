// SPDX-License-Identifier: Apache-2.0
// Every document of the format: what is written is read back the same, and nothing else is accepted.
#include <catch2/catch.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bundle-format/receipt.h"
#include "system/json_text.h"
#include "tests/unit/small_bundle.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

/// Every one-bit change and every cut of `bytes` is refused by `accepts`.
template <class Accepts>
void refuses_every_change(const Bytes& bytes, Accepts accepts) {
  REQUIRE(accepts(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    INFO("cut to " << size);
    REQUIRE_FALSE(accepts(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))));
  }
  Bytes longer = bytes;
  longer.push_back(std::byte{0});
  REQUIRE_FALSE(accepts(longer));
}

Layout small_layout() {
  const TempFolder files;
  return small_bundle(files).layout;
}

}  // namespace

TEST_CASE("a statement is read back as it was written, and has one encoding") {
  const Statement statement = small_layout().statement;
  const auto bytes = encode_statement(statement);
  const auto decoded = decode_statement(bytes);
  REQUIRE(decoded);
  CHECK(*decoded == statement);
  CHECK(encode_statement(*decoded) == bytes);
  refuses_every_change(Bytes(bytes.begin(), bytes.end()), [](const Bytes& b) { return decode_statement(b).has_value(); });
}

TEST_CASE("whatever one-bit change of a statement is accepted encodes to the very same bytes") {
  const auto bytes = encode_statement(small_layout().statement);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    if (const auto decoded = decode_statement(flipped)) REQUIRE(encode_statement(*decoded) == flipped);
  }
}

TEST_CASE("a statement with an unknown version, flag, or reserved byte is refused by its own kind") {
  const auto good = encode_statement(small_layout().statement);
  const auto kind_with = [&](std::size_t at, unsigned char value) {
    auto bytes = good;
    bytes[at] = static_cast<std::byte>(value);
    const auto decoded = decode_statement(bytes);
    REQUIRE_FALSE(decoded);
    return decoded.error().kind;
  };
  CHECK(kind_with(0, 'X') == RefusalKind::malformed);
  CHECK(kind_with(8, 2) == RefusalKind::unknown_format);
  CHECK(kind_with(10, 2) == RefusalKind::unknown_format);
  CHECK(kind_with(12, 2) == RefusalKind::unknown_format);
  CHECK(kind_with(255, 0xff) == RefusalKind::too_large);  // payload beyond the ceiling
  CHECK(kind_with(335, 0x01) == RefusalKind::too_large);  // manifest beyond the ceiling
  CHECK(kind_with(400, 1) == RefusalKind::malformed);     // a sealed key, and no flag that says so
  CHECK(kind_with(480, 1) == RefusalKind::malformed);
  CHECK(kind_with(511, 1) == RefusalKind::malformed);
}

TEST_CASE("an envelope has its signatures sorted, once each, and nothing else") {
  const Envelope two = {{sha256(as_bytes("a")), Bytes(64)}, {sha256(as_bytes("b")), Bytes(64)}};
  const Bytes bytes = encode_envelope(two);
  REQUIRE(bytes.size() == envelope_size(2));
  const auto decoded = decode_envelope(bytes);
  REQUIRE(decoded);
  CHECK(encode_envelope(*decoded) == bytes);
  refuses_every_change(bytes, [](const Bytes& b) { return decode_envelope(b).has_value(); });
  Bytes twice = encode_envelope({two[0]});
  twice[4] = std::byte{2};
  twice.insert(twice.end(), twice.begin() + kEnvelopeHeader, twice.end());
  CHECK_FALSE(decode_envelope(twice));
}

TEST_CASE("a root document keeps its rules: sorted keys, possible thresholds, disjoint roles") {
  std::vector<PublicKey> keys;
  for (unsigned char seed = 1; seed <= 4; ++seed) keys.push_back(test_key(seed).public_key());
  std::sort(keys.begin(), keys.end());
  RootDocument root;
  root.keys = keys;
  root.roles = {RoleKeys{2, {0, 1}}, RoleKeys{1, {2}}, RoleKeys{1, {3}}};
  REQUIRE(decode_root(encode_root(root)));
  CHECK(*decode_root(encode_root(root)) == root);
  refuses_every_change(encode_root(root), [](const Bytes& b) { return decode_root(b).has_value(); });

  const auto broken = [&](auto change) {
    RootDocument copy = root;
    change(copy);
    const auto decoded = decode_root(encode_root(copy));
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().kind == RefusalKind::malformed);
  };
  broken([](RootDocument& r) { std::swap(r.keys[0], r.keys[1]); });
  broken([](RootDocument& r) { r.keys[1] = r.keys[0]; });
  broken([](RootDocument& r) { r.roles[0].threshold = 0; });
  broken([](RootDocument& r) { r.roles[0].threshold = 3; });
  broken([](RootDocument& r) { r.roles[1].keys = {0}; });
  broken([](RootDocument& r) { r.roles[1].keys = {9}; });
  broken([](RootDocument& r) { r.roles[0].keys = {1, 0}; });
  broken([](RootDocument& r) { r.version = 0; });
  broken([](RootDocument& r) { r.epoch = 0; });
}

TEST_CASE("signatures count by distinct keys of the role, each of them valid") {
  std::vector<SigningKey> signers;
  for (unsigned char seed = 1; seed <= 4; ++seed) signers.push_back(test_key(seed));
  RootDocument root;
  for (const auto& s : signers) root.keys.push_back(s.public_key());
  std::sort(root.keys.begin(), root.keys.end());
  const auto index = [&](std::size_t signer) {
    return static_cast<std::uint8_t>(std::find(root.keys.begin(), root.keys.end(), signers[signer].public_key()) -
                                     root.keys.begin());
  };
  std::vector<std::uint8_t> releasers = {index(0), index(1)};
  std::sort(releasers.begin(), releasers.end());
  root.roles = {RoleKeys{1, {index(2)}}, RoleKeys{2, releasers}, RoleKeys{1, {index(3)}}};

  const Bytes body(100);
  const auto by = [&](std::size_t signer, DocumentType type = DocumentType::bundle) {
    const Signature s = signers[signer].sign(type, body);
    return KeySignature{id_of(signers[signer].public_key()), Bytes(s.begin(), s.end())};
  };
  const auto kind = [&](const Envelope& envelope) {
    const auto judged = check_signatures(root, Role::release, DocumentType::bundle, body, envelope);
    REQUIRE_FALSE(judged);
    return judged.error().kind;
  };
  CHECK(check_signatures(root, Role::release, DocumentType::bundle, body, {by(0), by(1)}));
  CHECK(kind({by(0)}) == RefusalKind::threshold);
  CHECK(kind({by(0), by(2)}) == RefusalKind::unknown_key);                        // a key of another role
  CHECK(kind({by(0), by(1), by(3)}) == RefusalKind::unknown_key);                 // enough, and one too many
  CHECK(kind({by(0), by(1, DocumentType::root)}) == RefusalKind::bad_signature);  // signed as another kind of document
  Envelope damaged = {by(0), by(1)};
  damaged[1].signature[5] ^= std::byte{1};
  CHECK(kind(damaged) == RefusalKind::bad_signature);
}

TEST_CASE("a root chain hands over only with the signatures of the old and of the new keepers") {
  const SigningKey old_key = test_key(1);
  const SigningKey new_key = test_key(2);
  const auto link = [](const RootDocument& document, const std::vector<const Signer*>& signers) {
    SignedRoot out{encode_root(document), {}};
    for (const auto* signer : signers) {
      const Signature s = signer->sign(DocumentType::root, out.document);
      out.envelope.push_back({id_of(signer->public_key()), Bytes(s.begin(), s.end())});
    }
    return out;
  };
  const RootDocument first = single_key_root(old_key.public_key());
  RootDocument second = single_key_root(new_key.public_key());
  second.version = 2;
  second.previous = domain_of(first);
  const Digest domain = domain_of(first);
  const SignedRoot start = link(first, {&old_key});

  const auto walked = walk_root_chain({start, link(second, {&old_key, &new_key})}, domain);
  REQUIRE(walked);
  CHECK(*walked == second);
  const auto kind = [&](const std::vector<SignedRoot>& chain, const Digest& enrolled) {
    const auto result = walk_root_chain(chain, enrolled);
    REQUIRE_FALSE(result);
    return result.error().kind;
  };
  CHECK(kind({start, link(second, {&new_key})}, domain) == RefusalKind::bad_root);  // the newcomer alone
  CHECK(kind({start, link(second, {&old_key})}, domain) == RefusalKind::bad_root);  // without the newcomer
  CHECK(kind({start}, domain_of(second)) == RefusalKind::untrusted);
  RootDocument third = second;
  third.version = 3;
  third.previous = domain_of(first);
  CHECK(kind({start, link(third, {&old_key, &new_key})}, domain) == RefusalKind::bad_root);  // a version left out
  const SigningKey stranger = test_key(9);
  CHECK(kind({start, link(second, {&old_key, &new_key, &stranger})}, domain) == RefusalKind::bad_root);
}

TEST_CASE("a preamble and a volume table are read back as written, and impossible ones refused") {
  const Preamble preamble{3, 108, 260, 128, 64};
  CHECK(*decode_preamble(encode_preamble(preamble)) == preamble);
  CHECK_FALSE(decode_preamble(encode_preamble({0, 108, 260, 128, 64})));
  CHECK_FALSE(decode_preamble(encode_preamble({3, 108, 260, 128, 63})));
  CHECK_FALSE(decode_preamble(encode_preamble({3, 0xffffffff, 260, 128, 64})));
  CHECK_FALSE(decode_preamble(encode_preamble({3, 108, 0xffffffff, 128, 64})));

  const Layout layout = small_layout();
  REQUIRE(decode_volume_table(layout.volume_table, layout.statement));
  CHECK(*decode_volume_table(layout.volume_table, layout.statement) == layout.volumes);
  for (std::size_t at = 0; at < 24; ++at) {
    Bytes table = layout.volume_table;
    table[at] ^= std::byte{0x40};
    INFO("byte " << at);
    CHECK_FALSE(decode_volume_table(table, layout.statement));
  }
}

TEST_CASE("a manifest is written one way only") {
  const Layout layout = small_layout();
  const auto manifest = decode_manifest(layout.manifest, layout.statement);
  REQUIRE(manifest);
  CHECK(encode_manifest(*manifest) == layout.manifest);
  const auto kind = [&](std::string text) {
    const auto decoded = decode_manifest(text, layout.statement);
    REQUIRE_FALSE(decoded);
    return decoded.error().kind;
  };
  CHECK(kind(layout.manifest + " ") == RefusalKind::malformed);
  CHECK(kind("{}") == RefusalKind::malformed);
  CHECK(kind("[" + std::string(100, '[')) == RefusalKind::malformed);
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = layout.manifest;
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  CHECK(kind(with("\"sequence\":7", "\"sequence\":7.0")) == RefusalKind::malformed);
  CHECK(kind(with("\"sequence\":7", "\"sequence\":8")) == RefusalKind::malformed);
  CHECK(kind(with("\"site\":\"plant1\"", "\"site\":\"plant2\"")) == RefusalKind::malformed);
  CHECK(kind(with("\"format\":1", "\"format\":1,\"format\":1")) == RefusalKind::malformed);
  CHECK(kind(with("K20260105_01.tar.bz2", "../../../../etc/pass")) == RefusalKind::malformed);
  CHECK(kind(with("CVE-2026-10001", "CVE-2026-1000\\u001b")) == RefusalKind::malformed);
  // A channel is written where it is not the usual one, and only then.
  const auto channel = [&](const std::string& word) { return with("\"file\":", "\"channel\":" + word + ",\"file\":"); };
  for (const std::string word : {"test", "unstable"}) {
    const auto other = decode_manifest(channel("\"" + word + "\""), layout.statement);
    REQUIRE(other);
    CHECK(other->patchsets.front().channel == word);
    CHECK(encode_manifest(*other) == channel("\"" + word + "\""));
  }
  CHECK(manifest->patchsets.front().channel == "default");
  for (const char* word : {"\"default\"", "\"stable\"", "\"\"", "\"Test\"", "1", "null"})
    CHECK(kind(channel(word)) == RefusalKind::malformed);
}

TEST_CASE("tables that do not fit together are refused") {
  Tables good;
  const Digest hash = sha256(as_bytes("x"));
  good.packs = {{Codec::stored, 0, 100, 100}};
  good.objects = {{hash, 100, 0, 0}};
  good.recipes = {{hash, hash, RebuildBy::verbatim, 100}};
  const auto decode = [](const Tables& t, std::uint64_t payload = 100, std::uint64_t ceiling = 1000) {
    const Bytes objects = encode_objects(t.objects);
    const Bytes recipes = encode_recipes(t.recipes);
    const Bytes packs = encode_packs(t.packs);
    const Bytes bases = encode_bases(t.bases);
    return decode_tables({objects, recipes, packs, bases}, payload, ceiling);
  };
  REQUIRE(decode(good));
  CHECK(*decode(good) == good);
  const auto broken = [&](auto change) {
    Tables copy = good;
    change(copy);
    const auto decoded = decode(copy);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().kind == RefusalKind::malformed);
  };
  broken([](Tables& t) { t.packs[0].payload_offset = 1; });
  broken([](Tables& t) { t.packs[0].stored_bytes = 99; });
  broken([](Tables& t) { t.packs.clear(); });
  broken([](Tables& t) { t.objects[0].pack = 1; });
  broken([](Tables& t) { t.objects[0].offset = 1; });
  broken([](Tables& t) { t.objects[0].bytes = ~0ULL; });
  broken([](Tables& t) { t.objects[0].offset = ~0ULL; });
  broken([](Tables& t) { t.objects.push_back(t.objects[0]); });
  broken([](Tables& t) { t.objects.clear(); });
  broken([](Tables& t) { t.recipes[0].archive_bytes = 7; });
  CHECK(decode(good, 100, 99).error().kind == RefusalKind::too_large);
}

TEST_CASE("a receipt is believed only with its signature, and written one way") {
  const SigningKey key = test_key(5);
  Receipt receipt;
  receipt.site = "plant1";
  receipt.encryption = DecryptionKey::generate().public_half();
  receipt.domains = {{sha256(as_bytes("domain")), 3, 2}};
  receipt.streams = {{StreamId{{std::byte{1}}}, 2, 3, sha256(as_bytes("statement"))}, {StreamId{{std::byte{2}}}, 0, 0, {}}};
  receipt.patchsets = {{"K20260105_01", sha256(as_bytes("a"))}, {"U20260112_01", sha256(as_bytes("b"))}};
  const auto sealed = [&](const Receipt& r) {
    return encode_receipt(r, key.public_key(), key.sign(DocumentType::receipt, as_bytes(encode_receipt_body(r))));
  };
  const std::string text = sealed(receipt);
  const auto decoded = decode_receipt(text);
  REQUIRE(decoded);
  CHECK(decoded->receipt == receipt);
  CHECK(decoded->key == key.public_key());
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    INFO("byte " << at);
    REQUIRE_FALSE(decode_receipt(changed));
    REQUIRE_FALSE(decode_receipt(text.substr(0, at)));
  }
  Receipt unsorted = receipt;
  std::swap(unsorted.patchsets[0], unsorted.patchsets[1]);
  CHECK(decode_receipt(sealed(unsorted)).error().kind == RefusalKind::bad_receipt);
  const auto refused = [&](auto change) {
    Receipt other = receipt;
    change(other);
    const auto answer = decode_receipt(sealed(other));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == RefusalKind::bad_receipt);
  };
  refused([](Receipt& r) { r.streams.push_back(r.streams[0]); });
  refused([](Receipt& r) { r.streams[0].sequence = 1ULL << 52; });
  refused([](Receipt& r) { r.streams[0].epoch = 0; });
  refused([](Receipt& r) { r.domains[0].version = 0; });
  refused([](Receipt& r) { r.domains.push_back(r.domains[0]); });
  refused([](Receipt& r) { r.encryption = {}; });
}

TEST_CASE("key files are read back, and a wrong password opens nothing") {
  const SigningKey key = test_key(6);
  CHECK(*decode_public_key(encode_public_key(key.public_key())) == key.public_key());
  CHECK(SigningKey::decode(key.encode(""), "")->public_key() == key.public_key());
  const std::string sealed = key.encode("open sesame");
  REQUIRE(needs_password(sealed));
  CHECK(SigningKey::decode(sealed, "open sesame")->public_key() == key.public_key());
  CHECK_FALSE(SigningKey::decode(sealed, "open sesam"));
  CHECK_FALSE(decode_public_key(key.encode("")));
  CHECK_FALSE(decode_public_key(encode_public_key(key.public_key()) + " "));
}

TEST_CASE("JSON from outside has no key twice, no depth beyond reason, no tail") {
  CHECK(parse_json(R"({"a":{"b":[1,2]}})", "test"));
  CHECK_FALSE(parse_json(R"({"a":1,"a":1})", "test"));
  CHECK_FALSE(parse_json(R"({"a":{"b":1,"b":2}})", "test"));
  CHECK_FALSE(parse_json(R"({} {})", "test"));
  CHECK_FALSE(parse_json(std::string(100000, '['), "test"));
}

TEST_CASE("JSON of very many small values is judged in time that grows with its size, and refused beyond a bound") {
  std::string objects = "[{}";
  for (int i = 1; i < 150'000; ++i) objects += ",{}";
  CHECK(parse_json(objects + "]", "test"));  // at the square of its size this would take minutes
  for (int i = 0; i < 100'000; ++i) objects += ",{}";
  CHECK_FALSE(parse_json(objects + "]", "test"));
  std::string values = "[0";
  for (int i = 0; i < 2'000'001; ++i) values += ",0";
  CHECK_FALSE(parse_json(values + "]", "test"));
}
