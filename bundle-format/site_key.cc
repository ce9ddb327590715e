// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/site_key.h"

#include <sodium.h>

namespace patchferry {

namespace {

constexpr std::string_view kBegin = "patchferry-site-key-1 ed25519 ";
constexpr std::string_view kMiddle = " x25519 ";

tl::unexpected<Refusal> not_a_site_key() {
  return refuse(RefusalKind::malformed, "this is not a site's public key",
                "give the site.pub that 'patchferry init' wrote into the site's base directory");
}

}  // namespace

std::string encode_site_public_key(const SitePublicKey& key) {
  return std::string(kBegin) + to_hex(key.signing.bytes) + std::string(kMiddle) + to_hex(key.encryption.bytes) + "\n";
}

bool is_usable(const EncryptionKey& key) {
  const std::array<unsigned char, 32> scalar = {1};
  std::array<unsigned char, 32> product{};
  return crypto_scalarmult(product.data(), scalar.data(), reinterpret_cast<const unsigned char*>(key.bytes.data())) == 0;
}

Result<SitePublicKey> decode_site_public_key(std::string_view text) {
  constexpr std::size_t kDigits = 64;
  if (text.size() != kBegin.size() + kDigits + kMiddle.size() + kDigits + 1 || !text.starts_with(kBegin) || text.back() != '\n' ||
      text.substr(kBegin.size() + kDigits, kMiddle.size()) != kMiddle)
    return not_a_site_key();
  const auto signing = array_from_hex<32>(text.substr(kBegin.size(), kDigits));
  const auto encryption = array_from_hex<32>(text.substr(kBegin.size() + kDigits + kMiddle.size(), kDigits));
  if (!signing || !encryption) return not_a_site_key();
  const SitePublicKey key{{Algorithm::ed25519, *signing}, {*encryption}};
  if (crypto_core_ed25519_is_valid_point(reinterpret_cast<const unsigned char*>(signing->data())) != 1 ||
      !is_usable(key.encryption))
    return not_a_site_key();
  return key;
}

}  // namespace patchferry
