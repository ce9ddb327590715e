// SPDX-License-Identifier: Apache-2.0
// Encrypted bundles, reading half (SPEC.md "Encryption"): a random content key, sealed to the site's X25519 key inside
// the signed statement; manifest, tables and payload in chunks under it (XChaCha20-Poly1305).
//
// Hashes and signatures are over what is encrypted, so checking a bundle needs no secret; only bytes whose hash was
// checked are ever decrypted.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "system/bytes.h"

namespace patchferry {

constexpr std::size_t kEncryptionKeySize = 32;  // X25519
constexpr std::size_t kSealedKeySize = 80;      // libsodium's sealed box of 32 bytes
constexpr std::size_t kChunkTag = 16;           // what a chunk grows by
using SealedKey = std::array<std::byte, kSealedKeySize>;

/// To whom a bundle is encrypted.
struct EncryptionKey {
  std::array<std::byte, kEncryptionKeySize> bytes{};
  bool operator==(const EncryptionKey&) const = default;
};

/// Of one bundle. Wiped when it goes.
struct ContentKey {
  std::array<unsigned char, 32> bytes{};
  ContentKey() = default;
  ContentKey(const ContentKey&) = default;
  ContentKey& operator=(const ContentKey&) = default;
  ~ContentKey();
};

/// The secret half, at the site. Wiped when it goes.
class DecryptionKey {
 public:
  static DecryptionKey generate();
  explicit DecryptionKey(const std::array<std::byte, kEncryptionKeySize>& secret);
  DecryptionKey(const DecryptionKey&) = default;
  DecryptionKey& operator=(const DecryptionKey&) = default;
  ~DecryptionKey();

  EncryptionKey public_half() const;
  const std::array<unsigned char, kEncryptionKeySize>& secret() const { return secret_; }
  /// Nothing if it was sealed to another key.
  std::optional<ContentKey> open(const SealedKey& sealed) const;

 private:
  DecryptionKey() = default;
  std::array<unsigned char, kEncryptionKeySize> secret_{};
};

/// Where in its bundle a chunk stands; it decrypts nowhere else.
struct ChunkPlace {
  enum class Part : std::uint32_t { manifest = 1, tables = 2, payload = 3 };
  Part part = Part::manifest;
  std::uint32_t volume = 0;  // of a payload block, from 1; else 0
  std::uint64_t chunk = 0;   // from 0

  std::array<unsigned char, 24> nonce() const;
};

/// `sealed` is a whole chunk, at least kChunkTag long. Nothing if it is not what was encrypted for this place.
std::optional<Bytes> decrypt_chunk(const ContentKey& key, const ChunkPlace& place, ByteSpan sealed);
/// A part that was encrypted in chunks of `chunk_bytes` (with their tags), the last one shorter.
std::optional<Bytes> decrypt_part(const ContentKey& key, ChunkPlace::Part part, ByteSpan sealed, std::size_t chunk_bytes);

/// False if no part of this length can have come out of encrypt_part(): a last chunk of nothing but its tag, or less.
constexpr bool is_encrypted_length(std::uint64_t sealed_bytes, std::uint64_t chunk_bytes) {
  return sealed_bytes % chunk_bytes == 0 || sealed_bytes % chunk_bytes > kChunkTag;
}
/// Bytes of `sealed_bytes` that are not tags, if they were encrypted in chunks of `chunk_bytes`.
constexpr std::uint64_t decrypted_bytes(std::uint64_t sealed_bytes, std::uint64_t chunk_bytes) {
  return sealed_bytes - kChunkTag * ((sealed_bytes + chunk_bytes - 1) / chunk_bytes);
}
constexpr std::uint64_t encrypted_bytes(std::uint64_t plain_bytes, std::uint64_t chunk_bytes) {
  return plain_bytes + kChunkTag * ((plain_bytes + chunk_bytes - kChunkTag - 1) / (chunk_bytes - kChunkTag));
}

}  // namespace patchferry
