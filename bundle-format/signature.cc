// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/signature.h"

#include <sodium.h>

namespace patchferry {

namespace {

constexpr std::string_view kPublicPrefix = "patchferry-public-key-1 ed25519 ";

const unsigned char* raw(ByteSpan bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

}  // namespace

KeyId id_of(const PublicKey& key) {
  ByteWriter w;
  w.u16(static_cast<std::uint16_t>(key.algorithm));
  w.raw(key.bytes);
  return sha256(w.take());
}

std::string fingerprint(const Digest& digest) {
  const std::string hex = to_hex(ByteSpan(digest).first(8));
  return hex.substr(0, 4) + "-" + hex.substr(4, 4) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4);
}

std::string fingerprint(const PublicKey& key) { return fingerprint(id_of(key)); }

std::string_view type_string(DocumentType type) {
  switch (type) {
    case DocumentType::bundle: return "application/vnd.patchferry.bundle.v1";
    case DocumentType::root: return "application/vnd.patchferry.root.v1";
    case DocumentType::receipt: return "application/vnd.patchferry.receipt.v1";
    case DocumentType::head: return "application/vnd.patchferry.head.v1";
    case DocumentType::permit: return "application/vnd.patchferry.permit.v1";
    case DocumentType::archive: return "application/vnd.patchferry.archive.v1";
  }
  return "";
}

Bytes signed_bytes(DocumentType type, ByteSpan body) {
  const std::string_view name = type_string(type);
  ByteWriter w;
  w.raw(as_bytes("DSSEv1 " + std::to_string(name.size()) + " "));
  w.raw(as_bytes(name));
  w.raw(as_bytes(" " + std::to_string(body.size()) + " "));
  w.raw(body);
  return w.take();
}

bool verifies(const PublicKey& key, DocumentType type, ByteSpan body, ByteSpan signature) {
  if (key.algorithm != Algorithm::ed25519 || signature.size() != kSignatureSize) return false;
  const Bytes message = signed_bytes(type, body);
  return crypto_sign_verify_detached(raw(signature), raw(message), message.size(), raw(key.bytes)) == 0;
}

std::string encode_public_key(const PublicKey& key) { return std::string(kPublicPrefix) + to_hex(key.bytes) + "\n"; }

Result<PublicKey> decode_public_key(std::string_view text) {
  const char* hint = "give the .pub file that 'patchferry keygen' wrote";
  if (text.starts_with("patchferry-secret-key-"))
    return refuse(RefusalKind::malformed, "this is a secret key, not a public one",
                  "give the .pub file, and keep the .key file where it is");
  if (text.size() != kPublicPrefix.size() + 2 * kPublicKeySize + 1 || !text.starts_with(kPublicPrefix) || text.back() != '\n')
    return refuse(RefusalKind::malformed, "this is not a Patchferry public key", hint);
  const auto bytes = array_from_hex<kPublicKeySize>(text.substr(kPublicPrefix.size(), 2 * kPublicKeySize));
  if (!bytes) return refuse(RefusalKind::malformed, "this is not a Patchferry public key", hint);
  if (crypto_core_ed25519_is_valid_point(raw(*bytes)) != 1)
    return refuse(RefusalKind::malformed, "this public key is not a valid Ed25519 key", hint);
  return PublicKey{Algorithm::ed25519, *bytes};
}

}  // namespace patchferry
