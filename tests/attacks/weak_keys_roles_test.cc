// SPDX-License-Identifier: Apache-2.0
// A table of roles, thresholds, rotations and mix-ups of keys: one line a case, each with the very kind of its refusal.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <optional>

#include "tests/unit/small_bundle.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

using Seeds = std::vector<unsigned char>;

/// Who holds what, by the seed bytes of their keys. The root keys are 1, 2, 3; release 11, 12, 13; head 21.
struct Holders {
  std::uint32_t version = 1;
  std::uint32_t epoch = 1;
  std::uint16_t lowest_format = 1;
  Seeds root = {1, 2, 3};
  std::uint8_t root_threshold = 2;
  Seeds release = {11, 12, 13};
  std::uint8_t release_threshold = 2;
  Seeds head = {21};
  std::uint8_t head_threshold = 1;
};

PublicKey open_key(unsigned char seed) { return test_key(seed).public_key(); }

RootDocument document(const Holders& h) {
  RootDocument root;
  root.version = h.version;
  root.epoch = h.epoch;
  root.lowest_format = h.lowest_format;
  for (const auto* seeds : {&h.root, &h.release, &h.head})
    for (const auto seed : *seeds) root.keys.push_back(open_key(seed));
  std::sort(root.keys.begin(), root.keys.end());
  root.keys.erase(std::unique(root.keys.begin(), root.keys.end()), root.keys.end());
  const auto role = [&](const Seeds& seeds, std::uint8_t threshold) {
    RoleKeys out{threshold, {}};
    for (const auto seed : seeds)
      out.keys.push_back(
          static_cast<std::uint8_t>(std::lower_bound(root.keys.begin(), root.keys.end(), open_key(seed)) - root.keys.begin()));
    std::sort(out.keys.begin(), out.keys.end());
    return out;
  };
  root.roles = {role(h.root, h.root_threshold), role(h.release, h.release_threshold), role(h.head, h.head_threshold)};
  return root;
}

KeySignature signature_of(unsigned char seed, ByteSpan body, DocumentType type = DocumentType::root) {
  const SigningKey key = test_key(seed);
  const Signature s = key.sign(type, body);
  return {id_of(key.public_key()), Bytes(s.begin(), s.end())};
}

SignedRoot link(const Bytes& body, const Seeds& signers, DocumentType type = DocumentType::root) {
  SignedRoot out{body, {}};
  for (const auto seed : signers) out.envelope.push_back(signature_of(seed, body, type));
  std::sort(out.envelope.begin(), out.envelope.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return out;
}
SignedRoot link(const Holders& h, const Seeds& signers, DocumentType type = DocumentType::root) {
  return link(encode_root(document(h)), signers, type);
}

using Chain = std::vector<SignedRoot>;
const Holders kFirst;
Holders second() { return {.version = 2, .release = {11, 12, 14}}; }
Chain first_chain() { return {link(kFirst, {1, 2})}; }
Chain first_and(SignedRoot next) { return {link(kFirst, {1, 2}), std::move(next)}; }

/// `count` documents of one key, each signed by it.
Chain long_chain(std::uint32_t count) {
  Chain out;
  RootDocument root = single_key_root(open_key(1));
  for (root.version = 1; root.version <= count; ++root.version) out.push_back(link(encode_root(root), {1}));
  return out;
}

/// Document n: release key 10 + n alone, so that every document retires the key of the one before.
Chain ten_rotations() {
  Chain out;
  for (std::uint32_t version = 1; version <= 11; ++version)
    out.push_back(link(
        Holders{.version = version, .release = {static_cast<unsigned char>(100 + version)}, .release_threshold = 1}, {1, 3}));
  return out;
}

unsigned char seed_of(const KeyId& id) {
  for (unsigned seed = 0; seed < 256; ++seed)
    if (id_of(open_key(static_cast<unsigned char>(seed))) == id) return static_cast<unsigned char>(seed);
  return 0;
}

/// The chain as its makers meant it: each document names the one before it, and those who had signed it well sign it so.
/// One that names another already stays as it is.
Chain chained(Chain chain) {
  for (std::size_t i = 1; i < chain.size(); ++i) {
    auto root = decode_root(chain[i].document);
    if (!root || root->previous != Digest{}) continue;
    root->previous = sha256(chain[i - 1].document);
    const Bytes before = chain[i].document;
    chain[i].document = encode_root(*root);
    for (auto& one : chain[i].envelope) {
      const unsigned char seed = seed_of(one.key);
      if (verifies(open_key(seed), DocumentType::root, before, one.signature)) one = signature_of(seed, chain[i].document);
    }
  }
  return chain;
}
SignedRoot following(const RootDocument& before, SignedRoot next) {
  return chained({SignedRoot{encode_root(before), {}}, std::move(next)}).back();
}

// --- what is judged ------------------------------------------------------------------------------------------------

using Verdict = std::optional<Refusal>;

template <class T>
Verdict verdict(const Result<T>& result) {
  return result ? std::nullopt : Verdict(result.error());
}

Verdict decoded(const RootDocument& root) { return verdict(decode_root(encode_root(root))); }

/// As a reader does it: encoded, decoded, walked under the domain of `enrolled`.
Verdict walked(const Chain& chain, const Chain& enrolled) {
  const auto read = decode_root_chain(encode_root_chain(chained(chain)));
  if (!read) return read.error();
  return verdict(walk_root_chain(*read, sha256(enrolled.front().document)));
}
Verdict walked(const Chain& chain) { return walked(chain, chain); }

TrustAnchors knows(const Chain& given) {
  const Chain chain = chained(given);
  return {{{sha256(chain.front().document), static_cast<std::uint32_t>(chain.size()), sha256(chain.back().document)}}};
}

/// A whole bundle, given to a reader who knows `known`.
Verdict shipped(const Chain& chain, const Chain& known, const Seeds& signers, DocumentType type = DocumentType::bundle) {
  const TempFolder temp;
  write_small_bundle(temp / "b", {.chain = chained(chain), .signers = signers, .signed_as = type});
  const Findings findings = verify_all({temp / "b"}, knows(known));
  return findings.empty() ? Verdict() : Verdict(findings.front());
}
Verdict shipped(const Seeds& signers, DocumentType type = DocumentType::bundle) {
  return shipped(first_chain(), first_chain(), signers, type);
}

// --- the table -----------------------------------------------------------------------------------------------------

constexpr std::nullopt_t kAccepted = std::nullopt;
using Kind = RefusalKind;

struct Case {
  const char* name;
  std::function<Verdict()> judge;
  std::optional<RefusalKind> expected;
  const char* says = "";  // a part of its text: bad_root alone would not tell one rule from another
};

const Case kTable[] = {
    // Thresholds over a bundle.
    {"one key of one, by the key itself",
     [] { return shipped({link(encode_root(single_key_root(open_key(1))), {1})}, long_chain(1), {1}); }, kAccepted},
    {"one key of one, by another key",
     [] { return shipped({link(encode_root(single_key_root(open_key(1))), {1})}, long_chain(1), {2}); }, Kind::unknown_key},
    {"two of three, signed by nobody: no envelope says so",
     [] { return verdict(check_signatures(document(kFirst), Role::release, DocumentType::bundle, Bytes(512), {})); },
     Kind::threshold},
    {"two of three, signed by one", [] { return shipped({11}); }, Kind::threshold},
    {"two of three, signed by two",
     [] {
       return shipped({11, 13});
     },
     kAccepted},
    {"two of three, signed by all",
     [] {
       return shipped({11, 12, 13});
     },
     kAccepted},
    {"two of three, one good and one altered",
     [] {
       const Bytes body(512);
       Envelope envelope = {signature_of(11, body, DocumentType::bundle), signature_of(12, body, DocumentType::bundle)};
       envelope[1].signature[7] ^= std::byte{1};
       return verdict(check_signatures(document(kFirst), Role::release, DocumentType::bundle, body, envelope));
     },
     Kind::bad_signature},
    {"two good ones, and a third one altered",
     [] {
       const Bytes body(512);
       Envelope envelope;
       for (const unsigned char seed : Seeds{11, 12, 13}) envelope.push_back(signature_of(seed, body, DocumentType::bundle));
       envelope[2].signature[63] ^= std::byte{0x80};
       return verdict(check_signatures(document(kFirst), Role::release, DocumentType::bundle, body, envelope));
     },
     Kind::bad_signature},
    {"the same key twice does not make two: in the envelope",
     [] {
       const Bytes body(512);
       const auto one = signature_of(11, body, DocumentType::bundle);
       return verdict(decode_envelope(encode_envelope({one, one})));
     },
     Kind::malformed},
    {"the same key twice does not make two: when they are counted",
     [] {
       const Bytes body(512);
       const auto one = signature_of(11, body, DocumentType::bundle);
       return verdict(check_signatures(document(kFirst), Role::release, DocumentType::bundle, body, {one, one}));
     },
     Kind::malformed},
    {"the same key twice does not make two: over a root document",
     [] {
       SignedRoot one = link(kFirst, {1});
       one.envelope.push_back(one.envelope.front());
       return verdict(standing_of(one, nullptr));
     },
     Kind::malformed},
    {"a signature under another key's name",
     [] {
       const Bytes body(512);
       Envelope envelope = {signature_of(11, body, DocumentType::bundle), signature_of(11, body, DocumentType::bundle)};
       envelope[1].key = id_of(open_key(12));
       return verdict(check_signatures(document(kFirst), Role::release, DocumentType::bundle, body, envelope));
     },
     Kind::bad_signature},

    // Keys of one role do nothing in another.
    {"root keys sign a bundle",
     [] {
       return shipped({1, 2});
     },
     Kind::unknown_key},
    {"a head key signs a bundle", [] { return shipped({21}); }, Kind::unknown_key},
    {"a release key and a root key sign a bundle",
     [] {
       return shipped({11, 1});
     },
     Kind::unknown_key},
    {"two release keys, and a head key as well",
     [] {
       return shipped({11, 12, 21});
     },
     Kind::unknown_key},
    {"a stranger signs a bundle as well",
     [] {
       return shipped({11, 12, 99});
     },
     Kind::unknown_key},
    {"release keys sign a root document",
     [] {
       return walked({link(kFirst, {11, 12})});
     },
     Kind::bad_root, "keeps no root key"},
    {"a release key signs a root document as well",
     [] {
       return walked({link(kFirst, {1, 2, 11})});
     },
     Kind::bad_root, "keeps no root key"},
    {"a head key signs a root document as well",
     [] {
       return walked({link(kFirst, {1, 2, 21})});
     },
     Kind::bad_root, "keeps no root key"},
    {"a release key signs a root document: by name",
     [] {
       return verdict(standing_of(link(kFirst, {1, 11}), nullptr));
     },
     Kind::unknown_key},

    // The kind of document is part of what is signed.
    {"a bundle signed as a root document",
     [] {
       return shipped({11, 12}, DocumentType::root);
     },
     Kind::bad_signature},
    {"a bundle signed as a receipt",
     [] {
       return shipped({11, 12}, DocumentType::receipt);
     },
     Kind::bad_signature},
    {"a bundle signed as a head token",
     [] {
       return shipped({11, 12}, DocumentType::head);
     },
     Kind::bad_signature},
    {"a root document signed as a bundle",
     [] {
       return walked({link(kFirst, {1, 2}, DocumentType::bundle)});
     },
     Kind::bad_root, "does not fit"},
    {"a signature over another document",
     [] {
       SignedRoot first = link(kFirst, {1, 2});
       first.envelope = link(second(), {1, 2}).envelope;
       return verdict(standing_of(first, nullptr));
     },
     Kind::bad_signature},

    // Document 1.
    {"document 1 with two of three signatures", [] { return walked(first_chain()); }, kAccepted},
    {"document 1 with all three signatures",
     [] {
       return walked({link(kFirst, {1, 2, 3})});
     },
     kAccepted},
    {"document 1 with one of two signatures", [] { return walked({link(kFirst, {3})}); }, Kind::bad_root,
     "needs 1 more of the root keys of document 1"},
    {"document 1 that nobody signed, in a chain",
     [] {
       SignedRoot draft = link(kFirst, {});
       return verdict(decode_root_chain(encode_root_file(draft)));
     },
     Kind::malformed},
    {"a document that was signed beside a forged one before it",
     [] {
       // The same keepers, led to believe that another document 1 is in force: what they sign follows that one only.
       const Chain forged =
           chained({link(Holders{.root = {1, 2, 9}, .root_threshold = 1, .release = {99}, .release_threshold = 1}, {9}),
                    link(Holders{.version = 2, .release = {99}, .release_threshold = 1}, {1, 2})});
       return walked(first_and(forged.back()));
     },
     Kind::bad_root, "follows another document"},
    {"document 1 that names one before it",
     [] {
       RootDocument root = document(kFirst);
       root.previous = sha256(as_bytes("document 0"));
       return walked({link(encode_root(root), {1, 2})});
     },
     Kind::bad_root, "follows another document"},
    {"document 1 that nobody signed, in a file", [] { return verdict(decode_root_file(encode_root_file(link(kFirst, {})))); },
     kAccepted},
    {"a draft before other documents, in a file",
     [] {
       Bytes bytes = encode_root_file(link(kFirst, {}));
       const Bytes more = encode_root_file(link(second(), {1, 2}));
       bytes.insert(bytes.end(), more.begin(), more.end());
       return verdict(decode_root_file(bytes));
     },
     Kind::malformed},
    {"document 1 of somebody else",
     [] {
       return walked({link(Holders{.root = {4, 5, 6}}, {4, 5})}, first_chain());
     },
     Kind::untrusted},
    {"a chain of no documents", [] { return verdict(walk_root_chain({}, sha256(Bytes()))); }, Kind::malformed},

    // Rotation.
    {"a release key replaced, signed by two root keys",
     [] {
       return walked(first_and(link(second(), {2, 3})));
     },
     kAccepted},
    {"one root key replaced: by one who stays and the one who leaves and the one who comes",
     [] {
       return walked(first_and(link(Holders{.version = 2, .root = {2, 3, 4}}, {1, 3, 4})));
     },
     kAccepted},
    {"one root key replaced: by the two who stay",
     [] {
       return walked(first_and(link(Holders{.version = 2, .root = {2, 3, 4}}, {2, 3})));
     },
     kAccepted},
    {"all root keys replaced: by two old ones and two new ones",
     [] {
       return walked(first_and(link(Holders{.version = 2, .root = {4, 5, 6}}, {1, 2, 4, 5})));
     },
     kAccepted},
    {"all root keys replaced: by the new ones alone",
     [] {
       return walked(first_and(link(Holders{.version = 2, .root = {4, 5, 6}}, {4, 5, 6})));
     },
     Kind::bad_root, "2 more of the root keys of document 1"},
    {"all root keys replaced: by the old ones alone",
     [] {
       return walked(first_and(link(Holders{.version = 2, .root = {4, 5, 6}}, {1, 2, 3})));
     },
     Kind::bad_root, "2 more of the root keys of document 2"},
    {"all root keys replaced: by two old ones and one new one",
     [] {
       return walked(first_and(link(Holders{.version = 2, .root = {4, 5, 6}}, {1, 2, 4})));
     },
     Kind::bad_root, "1 more of the root keys of document 2"},
    {"all root keys replaced: by one old one and two new ones",
     [] {
       return walked(first_and(link(Holders{.version = 2, .root = {4, 5, 6}}, {1, 4, 5})));
     },
     Kind::bad_root, "1 more of the root keys of document 1"},
    {"a higher threshold, signed by the old one only",
     [] {
       return walked(first_and(link(Holders{.version = 2, .root_threshold = 3}, {1, 2})));
     },
     Kind::bad_root, "1 more of the root keys of document 2"},
    {"a higher threshold, signed by all",
     [] {
       return walked(first_and(link(Holders{.version = 2, .root_threshold = 3}, {1, 2, 3})));
     },
     kAccepted},
    {"a lower threshold takes effect only afterwards",
     [] { return walked(first_and(link(Holders{.version = 2, .root_threshold = 1}, {1}))); }, Kind::bad_root,
     "1 more of the root keys of document 1"},
    {"from one key for everything to roles",
     [] {
       Chain chain = long_chain(1);
       chain.push_back(link(Holders{.version = 2}, {1, 2}));
       return walked(chain);
     },
     kAccepted},
    {"a retired root key signs the next rotation",
     [] {
       Chain chain = first_and(link(Holders{.version = 2, .root = {2, 3, 4}}, {2, 3}));
       chain.push_back(link(Holders{.version = 3, .root = {2, 3, 4}, .release = {15}, .release_threshold = 1}, {1, 2}));
       return walked(chain);
     },
     Kind::bad_root, "keeps no root key"},
    {"a retired root key signs the next rotation beside enough others",
     [] {
       Chain chain = first_and(link(Holders{.version = 2, .root = {2, 3, 4}}, {2, 3}));
       chain.push_back(link(Holders{.version = 3, .root = {2, 3, 4}, .release = {15}, .release_threshold = 1}, {1, 2, 3}));
       return walked(chain);
     },
     Kind::bad_root, "keeps no root key"},
    {"keys lost: the threshold can no longer be reached",
     [] {
       return walked(first_and(link(Holders{.version = 2, .root = {3, 4, 5}}, {3, 4, 5})));
     },
     Kind::bad_root, "1 more of the root keys of document 1"},
    {"a stolen root key alone changes nothing",
     [] { return walked(first_and(link(Holders{.version = 2, .root = {1}, .root_threshold = 1}, {1}))); }, Kind::bad_root,
     "1 more of the root keys of document 1"},

    // Order of the documents.
    {"a version left out",
     [] {
       return walked(first_and(link(Holders{.version = 3}, {1, 2})));
     },
     Kind::bad_root, "document 2 is due"},
    {"a version repeated",
     [] {
       return walked(first_and(link(Holders{.release = {14}, .release_threshold = 1}, {1, 2})));
     },
     Kind::bad_root, "document 2 is due"},
    {"a version going back",
     [] {
       Chain chain = first_and(link(second(), {1, 2}));
       chain.push_back(link(kFirst, {1, 2}));
       return walked(chain);
     },
     Kind::bad_root, "document 3 is due"},
    {"an epoch going forward",
     [] {
       return walked(first_and(link(Holders{.version = 2, .epoch = 2}, {1, 2})));
     },
     kAccepted},
    {"an epoch going back",
     [] {
       return walked({link(Holders{.epoch = 2}, {1, 2}), link(Holders{.version = 2, .epoch = 1}, {1, 2})});
     },
     Kind::bad_root, "back in epoch"},
    {"the lowest format going back",
     [] {
       return walked({link(Holders{.lowest_format = 2}, {1, 2}), link(Holders{.version = 2}, {1, 2})});
     },
     Kind::bad_root, "lowest format"},
    {"a chain cut in front",
     [] {
       return walked({link(second(), {1, 2})}, first_chain());
     },
     Kind::untrusted},
    {"a chain cut in front, taken for a domain of its own",
     [] {
       return walked({link(second(), {1, 2})});
     },
     Kind::bad_root, "document 1 is due"},
    {"a document of another domain spliced in",
     [] {
       return walked(first_and(link(Holders{.version = 2, .root = {4, 5, 6}}, {4, 5})));
     },
     Kind::bad_root, "of document 1"},
    {"a document of another domain at the start",
     [] {
       return walked({link(Holders{.root = {4, 5, 6}}, {4, 5}), link(second(), {1, 2})},
                     {link(Holders{.root = {4, 5, 6}}, {4, 5})});
     },
     Kind::bad_root, "of document 1"},
    {"1024 documents", [] { return walked(long_chain(1024)); }, kAccepted},
    {"1025 documents", [] { return walked(long_chain(1025)); }, Kind::too_large},

    // The document itself.
    {"a role without a key",
     [] {
       RootDocument root = document(Holders{});
       root.roles[2] = {};
       return decoded(root);
     },
     Kind::malformed, "threshold"},
    {"a threshold of 0", [] { return decoded(document({.root_threshold = 0})); }, Kind::malformed, "threshold"},
    {"a threshold above the number of keys", [] { return decoded(document({.root_threshold = 4})); }, Kind::malformed,
     "threshold"},
    {"one key in two roles",
     [] {
       return decoded(document({.release = {1, 11}, .release_threshold = 1}));
     },
     Kind::malformed, "two roles"},
    {"16 keys in a role",
     [] {
       Holders h;
       h.root.clear();
       for (unsigned char seed = 30; seed < 46; ++seed) h.root.push_back(seed);
       return decoded(document(h));
     },
     kAccepted},
    {"17 keys in a role",
     [] {
       Holders h;
       h.root.clear();
       for (unsigned char seed = 30; seed < 47; ++seed) h.root.push_back(seed);
       return decoded(document(h));
     },
     Kind::malformed},
    {"48 keys, 16 in each role",
     [] {
       Holders h;
       h.root = h.release = h.head = {};
       for (unsigned char seed = 30; seed < 78; ++seed) (seed < 46 ? h.root : seed < 62 ? h.release : h.head).push_back(seed);
       return decoded(document(h));
     },
     kAccepted},
    {"49 keys",
     [] {
       RootDocument root = document(Holders{});
       root.keys.clear();
       for (unsigned char seed = 30; seed < 79; ++seed) root.keys.push_back(open_key(seed));
       std::sort(root.keys.begin(), root.keys.end());
       return decoded(root);
     },
     Kind::malformed, "too many keys"},
    {"keys that are not sorted",
     [] {
       RootDocument root = document(Holders{});
       std::swap(root.keys[0], root.keys[1]);
       return decoded(root);
     },
     Kind::malformed, "not sorted"},
    {"a key that has no role",
     [] {
       RootDocument root = document(Holders{});
       root.roles[1].keys.pop_back();
       return decoded(root);
     },
     Kind::malformed, "without a role"},
    {"a byte after the end",
     [] {
       Bytes bytes = encode_root(document(Holders{}));
       bytes.push_back(std::byte{0});
       return verdict(decode_root(bytes));
     },
     Kind::malformed, "after its end"},
    {"an algorithm that is not known",
     [] {
       Bytes bytes = encode_root(document(Holders{}));
       bytes[56] = std::byte{2};
       return verdict(decode_root(bytes));
     },
     Kind::unknown_format, "algorithm"},
    {"a root document of a newer format",
     [] {
       Bytes bytes = encode_root(document(Holders{}));
       bytes[8] = std::byte{2};
       return verdict(decode_root(bytes));
     },
     Kind::unknown_format},
    {"a small-order key, whose signatures fit everything elsewhere",
     [] {
       RootDocument root = document(Holders{});
       PublicKey weak;  // the neutral element: (0, 1)
       weak.bytes[0] = std::byte{1};
       root.keys[0] = weak;
       std::sort(root.keys.begin(), root.keys.end());
       root.roles = {RoleKeys{1, {0}}, RoleKeys{1, {1}}, RoleKeys{1, {2, 3, 4, 5, 6}}};
       SignedRoot out{encode_root(root), {}};
       Bytes signature(kSignatureSize);  // R the neutral element, s = 0: fits where small orders are not refused
       signature[0] = std::byte{1};
       out.envelope.push_back({id_of(weak), signature});
       return verdict(standing_of(out, nullptr));
     },
     Kind::bad_signature},

    // A reader who knows more than the bundle says, or less.
    {"a site ten versions behind catches up", [] { return shipped(ten_rotations(), {ten_rotations().front()}, {111}); },
     kAccepted},
    {"a release key retired ten versions ago", [] { return shipped(ten_rotations(), {ten_rotations().front()}, {101}); },
     Kind::unknown_key},
    {"a retired key signs a bundle under the new document",
     [] {
       return shipped(first_and(link(second(), {1, 2})), first_chain(), {11, 13});
     },
     Kind::unknown_key},
    {"the new key signs a bundle under the new document",
     [] {
       return shipped(first_and(link(second(), {1, 2})), first_chain(), {11, 14});
     },
     kAccepted},
    {"the new key signs a bundle under the old document",
     [] {
       return shipped({11, 14});
     },
     Kind::unknown_key},
    {"the retired key signs under the old document, and the reader knows the new one",
     [] {
       return shipped(first_chain(), first_and(link(second(), {1, 2})), {11, 13});
     },
     Kind::old_root},
    {"another document of the same version",
     [] {
       return shipped(first_and(link(Holders{.version = 2, .release = {11, 12, 15}}, {1, 2})), first_and(link(second(), {1, 2})),
                      {11, 12});
     },
     Kind::fork},
    {"another document of the same version, and one more after it",
     [] {
       Chain chain = first_and(link(Holders{.version = 2, .release = {11, 12, 15}}, {1, 2}));
       chain.push_back(link(Holders{.version = 3}, {1, 2}));
       return shipped(chain, first_and(link(second(), {1, 2})), {11, 12});
     },
     Kind::fork},
    {"the same documents with other signers are the same documents",
     [] {
       return shipped(first_and(link(second(), {2, 3})), first_and(link(second(), {1, 2})), {11, 12});
     },
     kAccepted},
    {"a rotation that its predecessor did not sign, in a bundle",
     [] {
       return shipped(first_and(link(Holders{.version = 2, .root = {4, 5, 6}}, {4, 5})), first_chain(), {11, 12});
     },
     Kind::bad_root},
    {"a document that asks for a newer format than this reader's",
     [] {
       return shipped(first_and(link(Holders{.version = 2, .lowest_format = 2}, {1, 2})), first_chain(), {11, 12});
     },
     Kind::old_format},
    {"a domain that is not enrolled",
     [] {
       return shipped({link(Holders{.root = {4, 5, 6}}, {4, 5})}, first_chain(), {11, 12});
     },
     Kind::untrusted},
};

std::string kind_text(const std::optional<RefusalKind>& kind) { return kind ? name_of(*kind) : "accepted"; }

}  // namespace

TEST_CASE("roles, thresholds, rotations and mix-ups of keys: each is judged by its own kind") {
  CHECK(std::size(kTable) >= 45);
  for (const auto& one : kTable) {
    DYNAMIC_SECTION(one.name) {
      const Verdict found = one.judge();
      INFO((found ? found->text : ""));
      CHECK(kind_text(found ? std::optional(found->kind) : std::nullopt) == kind_text(one.expected));
      if (found) CHECK(found->text.find(one.says) != std::string::npos);
    }
  }
}

TEST_CASE("how far a root document has come is told for its own keepers and for those before") {
  const RootDocument before = document(kFirst);
  const Holders next{.version = 2, .root = {3, 4, 5}};
  const auto nobody = standing_of(following(before, link(next, {})), &before);
  REQUIRE(nobody);
  REQUIRE(nobody->needs.size() == 2);
  CHECK(nobody->needs[0].document == 2);
  CHECK(nobody->needs[0].signatures == 2);
  CHECK(nobody->needs[0].by.size() == 3);
  CHECK(nobody->needs[1].document == 1);
  CHECK(nobody->signers.empty());

  const auto shared = standing_of(following(before, link(next, {3})), &before);  // counts on both sides
  REQUIRE(shared);
  CHECK(shared->needs[0].signatures == 1);
  CHECK(shared->needs[1].signatures == 1);
  CHECK(shared->needs[1].by.size() == 2);
  CHECK(need_text(shared->needs[1]).starts_with("1 more of the root keys of document 1: "));

  const auto all = standing_of(following(before, link(next, {3, 4, 2})), &before);
  REQUIRE(all);
  CHECK(all->complete());
  CHECK(all->signers.size() == 3);
}
