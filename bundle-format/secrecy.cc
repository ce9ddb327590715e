// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/secrecy.h"

#include <algorithm>
#include <cstring>
#include <sodium.h>

namespace patchferry {

static_assert(kEncryptionKeySize == crypto_box_PUBLICKEYBYTES && kEncryptionKeySize == crypto_box_SECRETKEYBYTES);
static_assert(kSealedKeySize == crypto_box_SEALBYTES + 32);
static_assert(kChunkTag == crypto_aead_xchacha20poly1305_ietf_ABYTES);

ContentKey::~ContentKey() { sodium_memzero(bytes.data(), bytes.size()); }

DecryptionKey DecryptionKey::generate() {
  DecryptionKey key;
  randombytes_buf(key.secret_.data(), key.secret_.size());
  return key;
}

DecryptionKey::DecryptionKey(const std::array<std::byte, kEncryptionKeySize>& secret) {
  std::memcpy(secret_.data(), secret.data(), secret_.size());
}

DecryptionKey::~DecryptionKey() { sodium_memzero(secret_.data(), secret_.size()); }

EncryptionKey DecryptionKey::public_half() const {
  EncryptionKey out;
  crypto_scalarmult_base(reinterpret_cast<unsigned char*>(out.bytes.data()), secret_.data());
  return out;
}

std::optional<ContentKey> DecryptionKey::open(const SealedKey& sealed) const {
  const EncryptionKey open_half = public_half();
  ContentKey out;
  if (crypto_box_seal_open(out.bytes.data(), reinterpret_cast<const unsigned char*>(sealed.data()), sealed.size(),
                           reinterpret_cast<const unsigned char*>(open_half.bytes.data()), secret_.data()) != 0)
    return std::nullopt;
  return out;
}

std::array<unsigned char, 24> ChunkPlace::nonce() const {
  ByteWriter w;
  w.u32(static_cast<std::uint32_t>(part));
  w.u32(volume);
  w.u64(chunk);
  w.zeros(8);
  const Bytes bytes = w.take();
  std::array<unsigned char, 24> out{};
  std::memcpy(out.data(), bytes.data(), out.size());
  return out;
}

std::optional<Bytes> decrypt_chunk(const ContentKey& key, const ChunkPlace& place, ByteSpan sealed) {
  if (sealed.size() < kChunkTag) return std::nullopt;
  Bytes out(sealed.size() - kChunkTag);
  const auto nonce = place.nonce();
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(out.data()), nullptr, nullptr,
                                                 reinterpret_cast<const unsigned char*>(sealed.data()), sealed.size(), nullptr, 0,
                                                 nonce.data(), key.bytes.data()) != 0)
    return std::nullopt;
  return out;
}

std::optional<Bytes> decrypt_part(const ContentKey& key, ChunkPlace::Part part, ByteSpan sealed, std::size_t chunk_bytes) {
  Bytes out;
  for (ChunkPlace place{part, 0, 0}; !sealed.empty(); ++place.chunk) {
    const ByteSpan one = sealed.first(std::min(chunk_bytes, sealed.size()));
    const auto plain = decrypt_chunk(key, place, one);
    if (!plain) return std::nullopt;
    out.insert(out.end(), plain->begin(), plain->end());
    sealed = sealed.subspan(one.size());
  }
  return out;
}

}  // namespace patchferry
