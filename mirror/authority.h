// SPDX-License-Identifier: Apache-2.0
// In whose name something is signed: root documents, and the keys at hand that they give a role.
#pragma once

#include <string>
#include <vector>

#include "bundle-format/root_document.h"
#include "mirror/load_signers.h"
#include "system/refusal.h"

namespace patchferry::mirror {

struct Authority {
  std::vector<SignedRoot> chain;
  RootDocument root;  // in force: the last of the chain
  Signers signers;    // each holds the role that was asked for

  Digest domain() const;
  /// founder_of() the first document.
  std::string founder() const;
  std::vector<const Signer*> all() const;
  /// Signatures that the role asks for.
  std::size_t needed(Role role) const { return root.role(role).threshold; }
};

/// `trust`: a folder of root documents; empty: the one key in `signers` founds its own domain. Refused: what
/// load_root_chain() refuses, and unknown_key if a key does not hold `role`. Several keys without `trust` are a UsageError.
Result<Authority> load_authority(const std::string& trust, Role role, Signers signers);

}  // namespace patchferry::mirror
