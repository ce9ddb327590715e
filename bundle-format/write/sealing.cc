// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/write/sealing.h"

#include <algorithm>
#include <sodium.h>
#include <stdexcept>

namespace patchferry {

ContentKey random_content_key() {
  ContentKey key;
  randombytes_buf(key.bytes.data(), key.bytes.size());
  return key;
}

SealedKey seal_key(const ContentKey& key, const EncryptionKey& to) {
  SealedKey out;
  if (crypto_box_seal(reinterpret_cast<unsigned char*>(out.data()), key.bytes.data(), key.bytes.size(),
                      reinterpret_cast<const unsigned char*>(to.bytes.data())) != 0)
    throw std::invalid_argument("a key that nothing can be sealed to: is_usable() tells");
  return out;
}

Bytes encrypt_chunk(const ContentKey& key, const ChunkPlace& place, ByteSpan plain) {
  Bytes out(plain.size() + kChunkTag);
  const auto nonce = place.nonce();
  crypto_aead_xchacha20poly1305_ietf_encrypt(reinterpret_cast<unsigned char*>(out.data()), nullptr,
                                             reinterpret_cast<const unsigned char*>(plain.data()), plain.size(), nullptr, 0,
                                             nullptr, nonce.data(), key.bytes.data());
  return out;
}

Bytes encrypt_part(const ContentKey& key, ChunkPlace::Part part, ByteSpan plain, std::size_t chunk_bytes) {
  Bytes out;
  for (ChunkPlace place{part, 0, 0}; !plain.empty(); ++place.chunk) {
    const ByteSpan one = plain.first(std::min(chunk_bytes - kChunkTag, plain.size()));
    const Bytes sealed = encrypt_chunk(key, place, one);
    out.insert(out.end(), sealed.begin(), sealed.end());
    plain = plain.subspan(one.size());
  }
  return out;
}

}  // namespace patchferry
