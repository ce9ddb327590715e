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
#include "verifier/trust.h"

namespace patchferry::importer {

/// Ascending by domain, distinct. Where the file with the documents was lost or put back, an anchor's root is of another
/// version than its floor.
TrustAnchors anchors(Site& site);

/// Believed from now on, by a person's word, which the audit log keeps; false if it was already.
bool enrol(Site& site, const TrustAnchor& anchor);
/// The opposite, likewise. The floor stays, should it be enrolled again.
void disown(Site& site, const TrustAnchor& anchor);
/// Into trust/ and the floors: for a base in the making, too.
void write_enrolled(const std::string& base, Database& db, const TrustAnchor& anchor);
/// Whether trust/ has nothing but what enrolling these writes there, as an interrupted init leaves it.
bool holds_only(const std::string& base, const TrustAnchors& trusted);

/// For people: the fingerprint of whoever founded it, words to compare at enrolment, and what it stands for now.
std::string name_of(const TrustAnchor& anchor);
std::string words_of(const TrustAnchor& anchor);
std::string describe(const TrustAnchor& anchor);

/// Keeps a chain that goes on from what is known of its domain, and enters it into the audit log; false if it brings
/// nothing new. Refused: untrusted, bad_root, old_root, fork.
Result<bool> advance(Site& site, const std::vector<SignedRoot>& chain);

}  // namespace patchferry::importer
