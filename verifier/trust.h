// SPDX-License-Identifier: Apache-2.0
// What a person has enrolled: the trust domains (SHA-256 of root documents 1) under which bundles are believed.
#pragma once

#include <string>
#include <vector>

#include "bundle-format/root_document.h"
#include "system/refusal.h"
#include "verifier/root_files.h"

namespace patchferry {

/// One enrolled domain, and how far its root documents are known: nothing signed under an older one is believed.
struct TrustAnchor {
  Digest domain{};
  std::uint32_t version = 1;  // of the newest root document known
  Digest document{};          // its SHA-256; the domain itself while only document 1 is known
  /// The documents themselves, where they were read. Of a .pub file: its document 1, without signatures.
  std::vector<SignedRoot> chain = {};
  RootDocument root = {};  // the last of them

  bool is_one_key() const { return chain.size() == 1 && root.keys.size() == 1; }
};

struct TrustAnchors {
  std::vector<TrustAnchor> anchors;

  const TrustAnchor* find(const Digest& domain) const;
};

/// Keys that were rotated out stop working as soon as the document that did so is known. `chain` has been walked; it
/// may go on from what is known. Refused: old_root (it ends earlier), fork (it disagrees).
Result<void> check_progress(const TrustAnchor& known, const std::vector<SignedRoot>& chain);

/// `paths`: .pub files, files with root documents (*.pfr, *.root), folders of root documents (root_files.h), and folders
/// that hold several of these. In a folder of root documents other files count for nothing: a .pub file that lies there, of
/// one who signs with others, must not become a key that is believed alone. The same domain given twice is one anchor,
/// as far on as the longer chain; two that disagree are refused (fork). Every chain is walked; see load_root_chain() for
/// what is refused. A path that does not exist is a UsageError.
Result<TrustAnchors> load_trust(const std::vector<std::string>& paths);

/// By its ending (.pfr, .root) or its first bytes. `path` is a file.
bool is_root_file(const std::string& path);

/// One public key from a .pub file.
Result<PublicKey> load_public_key(const std::string& path);

}  // namespace patchferry
