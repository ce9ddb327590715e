// SPDX-License-Identifier: Apache-2.0
// Whom a site believes: what was enrolled in BASE/trust/, and how far its root documents have come. They only go
// forward, whether the bundle that brought a newer one was taken or not: a key that is rotated out stops at once.
//
//   trust/<fingerprint>.pub       a single key, enrolled by a person
//   trust/<first digits of the domain>.root   a chain of root documents
#pragma once

#include <string>
#include <vector>

#include "importer/site.h"
#include "verifier/notices.h"
#include "verifier/trust.h"

namespace patchferry::importer {

/// The chains that `paths` name (.pub files, root documents, folders of these: see load_trust), to be enrolled in a new base.
/// Of a .pub file: its document 1, without signatures.
Result<std::vector<Site::RootChain>> read_enrolled(const std::vector<std::string>& paths);

/// Believed from now on, by a person's word, which the audit log keeps; false if it was already.
bool enrol(Site& site, const Site::RootChain& chain);
/// For people: the fingerprint (of the one key, or of the trust domain), the same in words, and what it stands for.
std::string name_of_trust(const Site::RootChain& chain);
std::string words_of_trust(const Site::RootChain& chain);
std::string describe_trust(const Site::RootChain& chain);

/// Ascending by domain, distinct.
TrustAnchors anchors(Site& site);
/// With the documents in force. A domain of which only the floor is known (its file was lost) is left out.
std::vector<NoticeJudge::Domain> domains(Site& site);

/// Keeps a chain that goes on from what is known of its domain, and enters it into the audit log; false if it brings
/// nothing new. Refused: untrusted, bad_root, old_root, fork.
Result<bool> advance(Site& site, const std::vector<SignedRoot>& chain);

}  // namespace patchferry::importer
