// SPDX-License-Identifier: Apache-2.0
// An Ed25519 key in a PKCS#11 token (HSM, smart card). It signs inside the token and never leaves it.
//
// No signature is handed out that the public key does not verify: a token that errs, or another key under the same name,
// is found before anything is written. PKCS#11 directly and not through OpenSSL: the engine that goes with OpenSSL 3.0
// (libp11 0.4) knows no EdDSA.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bundle-format/write/signer.h"

namespace patchferry {

class TokenSession;

/// "pkcs11:…", as opposed to the name of a .key file.
bool is_token_uri(std::string_view name);

/// A URI as messages may show it: what stands behind '?', which may hold a PIN, is left out.
std::string shown_token_uri(std::string_view uri);

/// What CKA_EC_POINT holds: 32 bytes, bare or in a DER OCTET STRING. nullopt for what is not a valid Ed25519 key.
std::optional<PublicKey> public_key_of_point(ByteSpan point);

class Pkcs11Key final : public Signer {
 public:
  /// Finds the key and logs in; `ask_pin` (its argument is a prompt) is called if the URI gives no PIN, and not at all if
  /// this program is logged in to that token already. UsageError: bad URI, no such module, token or key, several that fit,
  /// a key of another kind, a wrong PIN. SystemFailure: a module or token that fails.
  Pkcs11Key(const std::string& uri, const std::function<std::string(const std::string& prompt)>& ask_pin);
  ~Pkcs11Key() override;

  PublicKey public_key() const override { return public_key_; }
  Signature sign(DocumentType type, ByteSpan body) const override;

  /// Has something signed that is no document, to see that the secret key belongs to the public one. SystemFailure if not.
  void prove() const;

 private:
  void find_key();
  PublicKey read_public_key() const;
  Signature signed_by_token(ByteSpan message) const;

  std::unique_ptr<TokenSession> session_;
  unsigned long key_ = 0;
  bool pin_each_time_ = false;
  PublicKey public_key_;
};

}  // namespace patchferry
