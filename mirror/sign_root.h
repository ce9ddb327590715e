// SPDX-License-Identifier: Apache-2.0
// Adding signatures to a root document. Every signature that it has or gets is checked: a file may have come by mail.
#pragma once

#include <optional>
#include <string>

#include "mirror/load_signers.h"
#include "system/refusal.h"
#include "verifier/root_files.h"

namespace patchferry::mirror {

/// A document on its way from signer to signer.
struct RootDraft {
  std::string path;
  SignedRoot link;
  RootStanding standing;
  std::optional<RootDocument> before;  // none for document 1
  Digest domain{};
};

/// `before`: the chain so far, which is in force; empty for document 1.
RootDraft new_root_draft(std::string path, const RootDocument& document, const std::vector<RootFile>& before);

/// Opens one document. Those before it must lie in the same folder, or nobody could tell what it changes.
Result<RootDraft> open_root_draft(const std::string& path);

/// Signs with those keys that have not signed yet, and returns how many these were. Refused as unknown_key, before
/// anything is signed, if one of them is a root key of neither this document nor the one before.
Result<std::size_t> sign_root(RootDraft& draft, const Signers& signers);

/// Takes over the signatures of another copy; returns how many were new. Refused: another document (conflict), a signature
/// that is not good (unknown_key, bad_signature).
Result<std::size_t> merge_root(RootDraft& draft, const std::string& path);

/// Durably, and at once.
void write_root(const RootDraft& draft);

/// What is about to be signed, for a person: changes, words to compare, who has signed.
void print_root(const RootDraft& draft);
/// "complete: …" or what it still needs, line by line.
std::vector<std::string> progress_of(const RootDraft& draft);

}  // namespace patchferry::mirror
