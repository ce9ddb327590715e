// SPDX-License-Identifier: Apache-2.0
// A site's secret keys, as site.key holds them; the file's mode protects it, since nobody types a password when a
// timer runs.
#pragma once

#include <string>
#include <string_view>

#include "bundle-format/site_key.h"
#include "bundle-format/write/signing_key.h"

namespace patchferry {

struct SiteSecret {
  SigningKey signing;
  DecryptionKey decryption;

  static SiteSecret generate();
  SitePublicKey public_half() const { return {signing.public_key(), decryption.public_half()}; }
};

/// One line, "patchferry-site-secret-1 ed25519 <64 hex digits> x25519 <64 hex digits>\n".
std::string encode_site_secret(const SiteSecret& secret);
Result<SiteSecret> decode_site_secret(std::string_view text);

}  // namespace patchferry
