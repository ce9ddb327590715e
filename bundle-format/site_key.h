// SPDX-License-Identifier: Apache-2.0
// A site's public keys, as site.pub holds them: one that its receipts are signed with, one that bundles may be
// encrypted to (SPEC.md "Key files"). Not a key to enrol: it signs nothing that a site believes.
#pragma once

#include <string>
#include <string_view>

#include "bundle-format/secrecy.h"
#include "bundle-format/signature.h"

namespace patchferry {

struct SitePublicKey {
  PublicKey signing;
  EncryptionKey encryption;
  bool operator==(const SitePublicKey&) const = default;
};

/// One line, "patchferry-site-key-1 ed25519 <64 hex digits> x25519 <64 hex digits>\n".
std::string encode_site_public_key(const SitePublicKey& key);
/// Accepts exactly what encode_site_public_key() writes, for keys that libsodium would ever accept.
Result<SitePublicKey> decode_site_public_key(std::string_view text);
/// False for small-order points: whatever is encrypted to them, anybody can read.
bool is_usable(const EncryptionKey& key);

}  // namespace patchferry
