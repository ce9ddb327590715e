// SPDX-License-Identifier: Apache-2.0
// Whoever can sign: a key file (signing_key.h), or a key that never leaves its token.
#pragma once

#include <vector>

#include "bundle-format/envelope.h"
#include "bundle-format/signature.h"

namespace patchferry {

class Signer {
 public:
  virtual ~Signer() = default;
  virtual PublicKey public_key() const = 0;
  /// Over signed_bytes(type, body). A token that fails is a SystemFailure.
  virtual Signature sign(DocumentType type, ByteSpan body) const = 0;

 protected:
  Signer() = default;
  Signer(const Signer&) = default;
  Signer& operator=(const Signer&) = default;
};

/// A signature by each, ascending by key id.
Envelope sign_with(const std::vector<const Signer*>& signers, DocumentType type, ByteSpan body);

}  // namespace patchferry
