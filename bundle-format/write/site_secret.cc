// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/write/site_secret.h"

namespace patchferry {

namespace {

constexpr std::string_view kBegin = "patchferry-site-secret-1 ed25519 ";
constexpr std::string_view kMiddle = " x25519 ";

}  // namespace

SiteSecret SiteSecret::generate() { return {SigningKey::generate(), DecryptionKey::generate()}; }

std::string encode_site_secret(const SiteSecret& secret) {
  return std::string(kBegin) + to_hex(secret.signing.seed()) + std::string(kMiddle) +
         to_hex(std::as_bytes(std::span(secret.decryption.secret()))) + "\n";
}

Result<SiteSecret> decode_site_secret(std::string_view text) {
  constexpr std::size_t kDigits = 64;
  const auto bad = [] { return refuse(RefusalKind::malformed, "this is not a site's secret key"); };
  if (text.size() != kBegin.size() + kDigits + kMiddle.size() + kDigits + 1 || !text.starts_with(kBegin) || text.back() != '\n' ||
      text.substr(kBegin.size() + kDigits, kMiddle.size()) != kMiddle)
    return bad();
  const auto seed = array_from_hex<32>(text.substr(kBegin.size(), kDigits));
  const auto secret = array_from_hex<32>(text.substr(kBegin.size() + kDigits + kMiddle.size(), kDigits));
  if (!seed || !secret) return bad();
  return SiteSecret{SigningKey::from_seed(*seed), DecryptionKey(*secret)};
}

}  // namespace patchferry
