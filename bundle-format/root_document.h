// SPDX-License-Identifier: Apache-2.0
// Root documents: who may sign what (SPEC.md "Root documents"). TUF's rules without its JSON.
//
// Document 1 is enrolled by a person; its SHA-256 is the trust domain. Document n+1 counts only if a threshold of the
// root keys of n and of n+1 signed it. A bundle carries the whole chain.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bundle-format/envelope.h"
#include "bundle-format/signature.h"

namespace patchferry {

enum class Role : std::uint8_t { root = 0, release = 1, head = 2 };
inline constexpr std::array kRoles = {Role::root, Role::release, Role::head};
const char* name_of(Role role);

constexpr std::size_t kMaxRootKeys = 48;
constexpr std::size_t kMaxRootChain = 1024;               // documents
constexpr std::uint64_t kMaxRootChainBytes = 2ULL << 20;  // all of them with their envelopes

struct RoleKeys {
  std::uint8_t threshold = 1;
  std::vector<std::uint8_t> keys;  // indices into RootDocument::keys, ascending
  bool operator==(const RoleKeys&) const = default;
};

struct RootDocument {
  std::uint32_t version = 1;
  std::uint32_t epoch = 1;
  std::uint16_t lowest_format = 1;
  Digest previous{};              // SHA-256 of the document before, so that it follows no other; zero: document 1
  std::vector<PublicKey> keys;    // ascending, distinct
  std::array<RoleKeys, 3> roles;  // by Role; disjoint key sets, except in a document of exactly one key

  bool holds(Role role, const PublicKey& key) const;
  const RoleKeys& role(Role which) const { return roles[static_cast<std::size_t>(which)]; }
  bool operator==(const RootDocument&) const = default;
};

/// Document 1 of a small site: one key in every role.
RootDocument single_key_root(const PublicKey& key);

Bytes encode_root(const RootDocument& root);
/// Accepts precisely what encode_root() writes for a document that keeps the rules above.
Result<RootDocument> decode_root(ByteSpan bytes);
/// SHA-256 of a document as it is written. That of document 1 is the trust domain that it founds.
Digest hash_of(const RootDocument& root);
Digest domain_of(const RootDocument& root);

/// A document as it travels: bytes and signatures.
struct SignedRoot {
  Bytes document;
  Envelope envelope;
};

/// For people, whatever has been rotated since: the fingerprint of the key that founds a domain alone, else the domain's.
std::string founder_of(const RootDocument& first);

/// [envelope length u32, document length u32, envelope, document]…
Bytes encode_root_chain(const std::vector<SignedRoot>& chain);
Result<std::vector<SignedRoot>> decode_root_chain(ByteSpan bytes);

/// A root document's file: one link of a chain. Only here may a document be without any signature (envelope length 0),
/// while it goes from one signer to the next; a chain that travels never holds such a draft.
Bytes encode_root_file(const SignedRoot& link);
/// One link or more; the last one may be a draft.
Result<std::vector<SignedRoot>> decode_root_file(ByteSpan bytes);

/// Checks that `envelope` holds valid signatures over `body` by at least the threshold of distinct keys of `role`,
/// and none other: every signature must be valid and by a key of the role.
Result<void> check_signatures(const RootDocument& root, Role role, DocumentType type, ByteSpan body, const Envelope& envelope);

/// Signatures that a root document still needs, from the keepers that one document names.
struct RootNeed {
  std::uint32_t document = 1;  // whose root keys
  std::size_t signatures = 0;  // at least so many more
  std::vector<PublicKey> by;   // of those who have not signed yet
};
/// "1 more of the root keys of document 2: 9c1e-…"
std::string need_text(const RootNeed& need);

/// How far a root document has come.
struct RootStanding {
  RootDocument root;
  std::vector<PublicKey> signers;  // each signature is there once, valid, and by a root key of it or of the one before
  std::vector<RootNeed> needs;     // its own keepers first, then those of the one before

  bool complete() const { return needs.empty(); }
};

/// `before`: the document that it replaces; null for document 1.
/// Refusals: malformed, unknown_format; bad_root (not the successor of `before`); unknown_key, bad_signature.
Result<RootStanding> standing_of(const SignedRoot& link, const RootDocument* before);

/// Walks the chain from document 1, whose domain must be `enrolled`, to its end, and returns the last document.
/// Refusals: untrusted, bad_root.
Result<RootDocument> walk_root_chain(const std::vector<SignedRoot>& chain, const Digest& enrolled);

}  // namespace patchferry
