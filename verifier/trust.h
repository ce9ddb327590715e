// SPDX-License-Identifier: Apache-2.0
// What a person has enrolled: the trust domains (SHA-256 of root documents 1) under which bundles are believed.
#pragma once

#include <string>
#include <vector>

#include "bundle-format/root_document.h"
#include "system/refusal.h"

namespace patchferry {

/// One enrolled domain, and how far its root documents are known: nothing signed under an older one is believed.
struct TrustAnchor {
  Digest domain{};
  std::uint32_t version = 1;  // of the newest root document known
  Digest document{};          // its SHA-256; the domain itself while only document 1 is known
};

struct TrustAnchors {
  std::vector<TrustAnchor> anchors;

  const TrustAnchor* find(const Digest& domain) const;
};

/// `paths`: .pub files, or folders of them. A path that does not exist is a UsageError.
Result<TrustAnchors> load_trust(const std::vector<std::string>& paths);

/// One public key from a .pub file.
Result<PublicKey> load_public_key(const std::string& path);

}  // namespace patchferry
