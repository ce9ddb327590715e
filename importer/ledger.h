// SPDX-License-Identifier: Apache-2.0
// The ledger: which bundles of which streams have come, and what is known to exist. It goes forward only.
//
// It lies in the database, with a second copy outside (ledger_copy.h). A database that is behind its copy was put back
// from a backup: then nothing is imported before a head token, made for a challenge of this site, has told how far the
// ledger had come.
#pragma once

#include <string>

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
void record_root(Site& site, const Digest& domain, std::uint32_t version, const Digest& document);

/// A head token that was checked; `token` is its text. Refused: fork (another bundle of a number that is known; evidence is kept), stale (an
/// older one than is known); false if it says nothing new. Ends the need for a head if it was made for our challenge.
Result<bool> take_head(Site& site, const Notice& head, const std::string& token);

/// Streams whose bundles are accepted, beside the one that the first import teaches.
void accept_stream(Site& site, const StreamId& stream);
/// False if it was not accepted.
bool forget_stream(Site& site, const StreamId& stream);

/// From now on nothing is imported without a head; `reason` for people and the audit log.
void need_head(Site& site, const std::string& reason);
/// The challenge that a head must answer; nothing if none is needed.
std::optional<Challenge> wanted_head(Site& site);
/// A person vouches instead of a head.
void waive_head(Site& site, const std::string& reason);

}  // namespace patchferry::importer
