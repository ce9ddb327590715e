// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/write/signer.h"

#include <algorithm>

namespace patchferry {

Envelope sign_with(const std::vector<const Signer*>& signers, DocumentType type, ByteSpan body) {
  Envelope out;
  for (const Signer* signer : signers) {
    const Signature signature = signer->sign(type, body);
    out.push_back({id_of(signer->public_key()), Bytes(signature.begin(), signature.end())});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return out;
}

}  // namespace patchferry
