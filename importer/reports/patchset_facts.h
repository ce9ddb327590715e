// SPDX-License-Identifier: Apache-2.0
// All that a site knows of one patchset.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "importer/catalogue.h"
#include "importer/feeds.h"
#include "importer/reports/protection.h"

namespace patchferry::importer {

struct PatchsetFacts {
  struct Level {
    std::string ident;
    std::string kernel;  // "": it has no name
    std::uint64_t level = 0;
  };
  struct Closed {
    unsigned cvss_tenths = 0;
    std::uint64_t levels = 0;  // how many of them close it
  };
  struct InFeed {
    std::string feed;
    FeedState state = FeedState::undeployed;
    std::optional<GenerationRecord> since;  // that first showed it in this state
  };
  struct Arrival {
    std::string by;   // word of the command, as in the audit log; "": the log does not say
    std::string who;  // likewise
  };

  KnownPatchset patchset;
  std::string archive;  // archive_word()
  Arrival arrival;
  std::vector<Level> levels;             // ascending by ident, level
  std::map<std::string, Closed> closes;  // by CVE, whether or not an earlier patchset did
  std::uint64_t unread = 0;              // levels whose tree is not in resources/
  std::string before;                    // the release before of the same product; "": none is here
  ProtectionChange change;               // against all that is here of earlier releases of the same product
  std::uint64_t outdated = 0;            // levels that an earlier release has higher
  std::vector<InFeed> feeds;             // by name
};

/// `patchset` as patchsets() gives it.
PatchsetFacts facts_of(Site& site, const KnownPatchset& patchset);

}  // namespace patchferry::importer
