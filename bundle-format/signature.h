// SPDX-License-Identifier: Apache-2.0
// Public keys, and checking signatures with them (SPEC.md "Signatures").
//
// Ed25519 by libsodium, which refuses small-order keys and non-canonical signatures. What is signed is always the DSSE
// pre-authentication encoding of (document type, bytes), so that no document can pass for one of another kind.
#pragma once

#include <array>
#include <compare>
#include <string>
#include <string_view>

#include "bundle-format/hash.h"
#include "system/bytes.h"
#include "system/refusal.h"

namespace patchferry {

enum class Algorithm : std::uint16_t { ed25519 = 1 };

constexpr std::size_t kPublicKeySize = 32;
constexpr std::size_t kSignatureSize = 64;
using Signature = std::array<std::byte, kSignatureSize>;

struct PublicKey {
  Algorithm algorithm = Algorithm::ed25519;
  std::array<std::byte, kPublicKeySize> bytes{};
  auto operator<=>(const PublicKey&) const = default;
};

/// SHA-256 over algorithm number (u16, little endian) and key bytes.
using KeyId = Digest;
KeyId id_of(const PublicKey& key);
/// The first 16 hexadecimal digits in groups of four, for people to compare: of a key's id, or of a trust domain.
std::string fingerprint(const Digest& digest);
std::string fingerprint(const PublicKey& key);

/// The kinds of signed document; each has its own type string inside the signed bytes.
enum class DocumentType { bundle, root, receipt, head, permit, archive };
std::string_view type_string(DocumentType type);

/// "DSSEv1" SP len(type) SP type SP len(body) SP body
Bytes signed_bytes(DocumentType type, ByteSpan body);

bool verifies(const PublicKey& key, DocumentType type, ByteSpan body, ByteSpan signature);

/// The text of a .pub file: one line, "patchferry-public-key-1 ed25519 <64 hex digits>\n".
std::string encode_public_key(const PublicKey& key);
/// Accepts exactly what encode_public_key writes, for keys that libsodium would ever accept.
Result<PublicKey> decode_public_key(std::string_view text);

}  // namespace patchferry
