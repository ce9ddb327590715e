// SPDX-License-Identifier: Apache-2.0
// One more signature under a bundle, on another machine than the first signer's: checked from end to end before, and shown.
#pragma once

#include <string>
#include <vector>

#include "mirror/load_signers.h"
#include "verifier/verify.h"

namespace patchferry::mirror {

/// A bundle that is authentic as far as it is signed, and complete.
struct BundleDraft {
  std::vector<std::string> volumes;  // paths
  ExaminedBundle bundle;
  std::size_t needed() const { return bundle.root().role(Role::release).threshold; }
};

/// `media`: as for open_media(), but no stream. `trust`: whom this signer believes; empty: whoever the bundle says, which the signer compares by words. Every byte is
/// read. Findings say what is wrong; then there is no draft.
std::optional<BundleDraft> open_bundle_draft(const std::vector<std::string>& media, const std::string& trust, Findings& findings);

/// What is about to be signed, for a person.
void print_bundle(const BundleDraft& draft);

/// Signatures of a bundle; its volumes may differ if somebody was interrupted.
struct SignatureCount {
  std::size_t added = 0;  // in the volume that lacked most
  std::size_t have = 0;   // in the volume that has fewest: these count
};

/// Signs with those that have not signed yet, and writes the envelope into every volume. Each volume is replaced at once;
/// interrupted, the same command goes on. Refused (unknown_key), before anything is signed: one of them does not hold the
/// role `release`.
Result<SignatureCount> sign_bundle(BundleDraft& draft, const Signers& signers);

}  // namespace patchferry::mirror
