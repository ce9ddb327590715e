// SPDX-License-Identifier: Apache-2.0
// Secret keys: making, signing, and the .key file (SPEC.md "Key files"). Writing half.
//
// The seed lives in memory that is wiped when its owner goes. On disk it is sealed with a password
// (argon2id, then XSalsa20-Poly1305) unless the person chose none.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bundle-format/write/signer.h"

namespace patchferry {

class SigningKey final : public Signer {
 public:
  static SigningKey generate();
  static SigningKey from_seed(const std::array<std::byte, 32>& seed);
  SigningKey(SigningKey&& other) noexcept;
  SigningKey& operator=(SigningKey&&) = delete;
  ~SigningKey() override;

  PublicKey public_key() const override;
  Signature sign(DocumentType type, ByteSpan body) const override;

  /// For a file that holds it among others (site_secret.h).
  ByteSpan seed() const { return std::as_bytes(std::span(seed_)); }

  /// The text of a .key file; an empty password leaves the seed unsealed.
  std::string encode(std::string_view password) const;
  /// Needs the password only if needs_password(text).
  static Result<SigningKey> decode(std::string_view text, std::string_view password);

 private:
  SigningKey() = default;
  std::array<unsigned char, 32> seed_{};
};

bool needs_password(std::string_view key_file);

}  // namespace patchferry
