// SPDX-License-Identifier: Apache-2.0
// The envelope: the signatures over one document (SPEC.md "Envelope").
//
// As long as its signatures, at most 16 of them, sorted by key id, each key once. It never says which algorithm a key
// uses: the root document does.
#pragma once

#include <vector>

#include "bundle-format/signature.h"

namespace patchferry {

constexpr std::size_t kMaxSignatures = 16;
constexpr std::size_t kMaxSignatureBytes = 8192;  // room for ML-DSA
constexpr std::size_t kEnvelopeHeader = 8;        // "PFSI", count u16, zero u16
constexpr std::size_t kSignatureHeader = 36;      // key id, length u32
constexpr std::size_t kMaxEnvelope = kEnvelopeHeader + kMaxSignatures * (kSignatureHeader + kMaxSignatureBytes);
/// What an envelope of `n` Ed25519 signatures takes.
constexpr std::size_t envelope_size(std::size_t n) { return kEnvelopeHeader + n * (kSignatureHeader + kSignatureSize); }

struct KeySignature {
  KeyId key{};
  Bytes signature;
  bool operator==(const KeySignature&) const = default;
};

using Envelope = std::vector<KeySignature>;

/// Sorts by key id. At most kMaxSignatures, of distinct keys (asserted).
Bytes encode_envelope(Envelope envelope);
/// Works on unauthenticated bytes: bounds first, no allocation beyond the input's size.
Result<Envelope> decode_envelope(ByteSpan bytes);

}  // namespace patchferry
