// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/write/signing_key.h"

#include <sodium.h>

#include "system/failure.h"

namespace patchferry {

namespace {

constexpr std::string_view kPlain = "patchferry-secret-key-1 ed25519 plain ";
constexpr std::string_view kSealed = "patchferry-secret-key-1 ed25519 argon2id ";
constexpr std::size_t kSealedSize = crypto_pwhash_SALTBYTES + crypto_secretbox_NONCEBYTES + 32 + crypto_secretbox_MACBYTES;

// 3 passes over 256 MiB: about a second, as libsodium's "moderate".
constexpr unsigned long long kPasses = crypto_pwhash_argon2id_OPSLIMIT_MODERATE;
constexpr std::size_t kMemory = crypto_pwhash_argon2id_MEMLIMIT_MODERATE;

std::array<unsigned char, crypto_secretbox_KEYBYTES> stretch(std::string_view password, const unsigned char* salt) {
  std::array<unsigned char, crypto_secretbox_KEYBYTES> key{};
  if (crypto_pwhash(key.data(), key.size(), password.data(), password.size(), salt, kPasses, kMemory,
                    crypto_pwhash_ALG_ARGON2ID13) != 0)
    throw SystemFailure("cannot turn the password into a key: 256 MiB of memory are needed", 0);
  return key;
}

struct ExpandedKey {
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> open{};
  explicit ExpandedKey(const std::array<unsigned char, 32>& seed) {
    crypto_sign_seed_keypair(open.data(), secret.data(), seed.data());
  }
  ~ExpandedKey() { sodium_memzero(secret.data(), secret.size()); }
};

}  // namespace

SigningKey::SigningKey(SigningKey&& other) noexcept : seed_(other.seed_) {
  sodium_memzero(other.seed_.data(), other.seed_.size());
}
SigningKey::~SigningKey() { sodium_memzero(seed_.data(), seed_.size()); }

SigningKey SigningKey::generate() {
  SigningKey key;
  randombytes_buf(key.seed_.data(), key.seed_.size());
  return key;
}

SigningKey SigningKey::from_seed(const std::array<std::byte, 32>& seed) {
  SigningKey key;
  std::memcpy(key.seed_.data(), seed.data(), seed.size());
  return key;
}

PublicKey SigningKey::public_key() const {
  const ExpandedKey expanded(seed_);
  PublicKey key;
  std::memcpy(key.bytes.data(), expanded.open.data(), expanded.open.size());
  return key;
}

Signature SigningKey::sign(DocumentType type, ByteSpan body) const {
  const ExpandedKey expanded(seed_);
  const Bytes message = signed_bytes(type, body);
  Signature out{};
  crypto_sign_detached(reinterpret_cast<unsigned char*>(out.data()), nullptr,
                       reinterpret_cast<const unsigned char*>(message.data()), message.size(), expanded.secret.data());
  return out;
}

std::string SigningKey::encode(std::string_view password) const {
  if (password.empty()) return std::string(kPlain) + to_hex(std::as_bytes(std::span(seed_))) + "\n";
  std::array<unsigned char, kSealedSize> sealed{};
  unsigned char* salt = sealed.data();
  unsigned char* nonce = salt + crypto_pwhash_SALTBYTES;
  unsigned char* box = nonce + crypto_secretbox_NONCEBYTES;
  randombytes_buf(salt, crypto_pwhash_SALTBYTES + crypto_secretbox_NONCEBYTES);
  auto key = stretch(password, salt);
  crypto_secretbox_easy(box, seed_.data(), seed_.size(), nonce, key.data());
  sodium_memzero(key.data(), key.size());
  return std::string(kSealed) + to_hex(std::as_bytes(std::span(sealed))) + "\n";
}

bool needs_password(std::string_view key_file) { return key_file.starts_with(kSealed); }

Result<SigningKey> SigningKey::decode(std::string_view text, std::string_view password) {
  const auto not_a_key = [] {
    return refuse(RefusalKind::malformed, "this is not a Patchferry secret key",
                  "give the .key file that 'patchferry keygen' wrote");
  };
  if (text.empty() || text.back() != '\n') return not_a_key();
  text.remove_suffix(1);
  SigningKey key;
  if (text.starts_with(kPlain)) {
    const auto seed = array_from_hex<32>(text.substr(kPlain.size()));
    if (!seed) return not_a_key();
    std::memcpy(key.seed_.data(), seed->data(), seed->size());
    return key;
  }
  if (!text.starts_with(kSealed)) return not_a_key();
  const auto sealed = array_from_hex<kSealedSize>(text.substr(kSealed.size()));
  if (!sealed) return not_a_key();
  const auto* salt = reinterpret_cast<const unsigned char*>(sealed->data());
  const auto* nonce = salt + crypto_pwhash_SALTBYTES;
  const auto* box = nonce + crypto_secretbox_NONCEBYTES;
  auto stretched = stretch(password, salt);
  const int opened = crypto_secretbox_open_easy(key.seed_.data(), box, 32 + crypto_secretbox_MACBYTES, nonce, stretched.data());
  sodium_memzero(stretched.data(), stretched.size());
  if (opened != 0)
    return refuse(RefusalKind::bad_signature, "the password does not open this key",
                  "type the password that 'patchferry keygen' asked for");
  return key;
}

}  // namespace patchferry
