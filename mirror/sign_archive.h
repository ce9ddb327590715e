// SPDX-License-Identifier: Apache-2.0
// Signatures under a single archive, in a file of their own beside it: for sites that take one archive without a bundle.
#pragma once

#include <string>

#include "mirror/authority.h"
#include "verifier/archive_signatures.h"

namespace patchferry::mirror {

/// A regular file with an archive's name.
bool is_archive_to_sign(const std::string& path);

/// An archive that was read from end to end, and who has signed it so far.
struct ArchiveDraft {
  std::string path;            // of the .sig file
  ArchiveSignature signature;  // its envelope may be empty
};

/// `authority`: in whose name. Refused: what no store would take (read_contents()); a signature beside it that is not for these
/// very bytes (check_same_archive()), of another trust domain (untrusted), or no good (malformed, bad_signature).
Result<ArchiveDraft> open_archive_draft(const std::string& archive, const Authority& authority);

/// What is about to be signed, for a person.
void print_archive(const ArchiveDraft& draft, const Authority& authority);

/// Signs with those keys of `authority` that have not signed yet; returns how many these were. The .sig file is replaced at
/// once, if there is anything new. Refused: too_large (more than 16 signatures).
Result<std::size_t> sign_archive(ArchiveDraft& draft, const Authority& authority);

/// Signatures that count.
std::size_t good_signatures(const ArchiveDraft& draft, const Authority& authority);

}  // namespace patchferry::mirror
