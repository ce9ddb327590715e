// SPDX-License-Identifier: Apache-2.0
// The ledger: which bundles of which streams have come, and what is known to exist. It goes forward only.
//
// It lies in the database, with a second copy outside (ledger_copy.h). A database that is behind its copy was put back
// from a backup: then nothing is imported before a head token, made for a challenge of this site, has told how far the
// ledger had come.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "importer/site.h"
#include "verifier/freshness.h"
#include "verifier/ledger_rules.h"
#include "verifier/notices.h"
#include "verifier/verify.h"

namespace patchferry::importer {

LedgerView ledger(Site& site);
SiteTime site_time(Site& site);
/// When the newest thing that is known was made: bundle or head. 0: nothing is known.
std::uint64_t newest_made(Site& site);

/// Within the caller's transaction.
void record_import(Site& site, const VerifiedBundle& bundle);

/// A person vouches for this stream instead of a head token, if one was needed; `why` for the audit log. Within the
/// caller's transaction.
void vouch(Site& site, const StreamId& stream, const std::string& why);

/// A head token that was checked, and its text. Refused: fork (another bundle of a number that is known; evidence is
/// kept), stale (an older one than is known); false if it says nothing new. Ends the doubt about its stream if it was
/// made for our challenge.
Result<bool> take_head(Site& site, const Notice& head, const std::string& text);

/// Streams whose bundles are accepted, beside the one that the first import teaches.
void accept_stream(Site& site, const StreamId& stream);
/// False if it was not accepted.
bool forget_stream(Site& site, const StreamId& stream);

/// How far these streams had come is not known any more (all zero: any stream); `why` for people and the audit log.
/// Within the caller's transaction.
void doubt(Site& site, const std::vector<StreamId>& streams, const std::string& why);
/// What a head must answer; nothing if no stream is in doubt.
std::optional<Challenge> wanted_head(Site& site);

/// Of something that is good until `expires` (0: for ever): a warning if that is past by the best that is known here, else
/// empty. Refused (expired) where this site's policy says so.
Result<std::string> judge_expiry(Site& site, const char* what, std::uint64_t expires);

/// What something signed says of the time: the floor rises to it.
void raise_floor(Site& site, std::uint64_t made);

}  // namespace patchferry::importer
