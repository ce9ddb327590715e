// SPDX-License-Identifier: Apache-2.0
// The instant at which a site changes: objects in place and durable, one transaction that also records the renames
// still to do, then the renames.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "importer/archives_report.h"
#include "importer/catalogue.h"
#include "importer/feeds.h"
#include "importer/site.h"
#include "importer/trees.h"
#include "verifier/verify.h"

namespace patchferry::importer {

/// A patchset that is known already, and that a bundle has brought again, because the site did not hold all of it.
struct Restored {
  ArchiveName name;
  std::optional<Digest> recipe;  // none: the archive itself is in work/arch/
  PatchsetContents contents;     // that lie in work/objects/ or in the base
  bool unpacked = true;          // its tree is in work/resources/, to take the place of the one that is here
  std::string channel = kDefaultChannel;
};

/// What a feed is to make of a patchset that is known.
struct StateChange {
  Feed feed;
  std::int64_t patchset = 0;
  FeedState state = FeedState::enabled;
};

/// A patchset that was deployed by itself, whose archive turns out to be signed under this trust domain.
struct Vouched {
  std::int64_t patchset = 0;
  Digest domain{};
};

/// A patchset that is known, and comes by another channel of the vendor's now.
struct OtherChannel {
  std::int64_t patchset = 0;
  std::string channel;
};

/// What is to become true at once.
struct Change {
  std::vector<NewPatchset> patchsets;
  std::vector<Feed> feeds;               // in which all of them become
  FeedState state = FeedState::enabled;  // this
  std::vector<Feed> ruled;               // that take of them, and of `offered`, what their rules allow (rule_work.h)
  std::vector<std::int64_t> offered;     // known patchsets
  std::vector<std::string> replaced;     // names of these that make room before, for what is in `patchsets`: to the trash
  std::vector<LaidOut> laid_out;
  std::vector<StateChange> states;
  std::vector<std::string> archives_back;  // files in work/arch that arch/ has lost
  std::vector<Restored> restored;          // known already
  std::vector<Vouched> vouched;            // likewise
  std::vector<OtherChannel> channels;
  const VerifiedBundle* bundle = nullptr;  // for the ledger, and what it withdraws; null: no bundle is behind it
  bool is_rollback = false;                // the bundle is older than the last one: it does not move the ledger
  std::vector<std::string> rolled_in;      // names, wherever a rollback has disabled them; by a rollback
  std::vector<std::string> disabled;       // names, in every feed; by a rollback
  std::string vouching;                    // of a person, instead of a head token that was needed
  std::string work;                        // folder beneath the base, absolute: objects/, resources/, arch/; "": no files
  bool archives_in_work = true;            // false: arch/ holds them already
  std::string what;                        // for the audit log, in which the patchsets follow `detail`
  std::string detail;
  bool counts_patchsets = true;  // false: `detail` says it all
};

/// Trees of known patchsets that have what comes back are laid out again before that (trees.h). Returns which could not be.
std::vector<ArchiveFailure> commit(Site& site, const Change& change);

}  // namespace patchferry::importer
