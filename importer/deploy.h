// SPDX-License-Identifier: Apache-2.0
// Archives without a bundle: read and checked as in an import, stored, and deployed into feeds.
#pragma once

#include <string>
#include <vector>

#include "importer/feed_work.h"

namespace patchferry::importer {

struct DeployOrder {
  std::vector<std::string> archives;  // paths; each is read once
  std::vector<std::string> feeds;     // by name; main if there is none
  bool enable = true;                 // else they are stored, and disabled in these feeds
  bool only_store = false;            // no feed changes, and none is looked at
  std::string product;                // that they must be of; "": any
  std::string channel;                // the vendor's, that they came by; "": default, and known ones stay in theirs
  std::string signature;              // of the one archive; "": FILE.sig beside each, where there is one
  bool needs_signature = false;       // refuse those without
};

struct DeployReport {
  std::vector<std::string> stored;  // names of patchsets that are new here, in release order
  std::vector<std::string>
      signed_by_keys;                 // of these, and of those that nobody had signed until now: with a good signature of its own
  std::vector<std::string> moved;     // were here already, in another channel
  std::vector<std::string> restored;  // were here already, and arch/ had lost their archives
  std::vector<Refusal> refused;       // `where` is the archive's path
  FeedReport feeds;                   // new ones move from undeployed; kept are those that a person or the vendor keeps out
};

/// A patchset that is here already is enabled if its archive has the same bytes, unless it is disabled. What is refused
/// does not keep the others from being deployed. All of it is one change, or, of very many, a few one after the other.
/// UsageError, before anything is stored: an unknown feed, a path that is not there.
DeployReport deploy(Site& site, const DeployOrder& order);

/// As for every command (terminal/command.h).
int exit_code(const DeployReport& report);

}  // namespace patchferry::importer
