// SPDX-License-Identifier: Apache-2.0
// May this bundle be imported here and now? The verifier's word, the ledger as a person may bend it, and the clock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "importer/archive_mode.h"
#include "importer/site.h"
#include "verifier/verify.h"

namespace patchferry::importer {

struct ImportOrder {
  std::vector<std::string> media;
  std::vector<std::string> feeds;  // that take the new patchsets beside those with auto on
  bool deploy = true;
  bool only_plan = false;  // --dry-run, diff
  ArchiveMode archives = ArchiveMode::now;
  std::string permit;             // text of a permit to go back; empty: none
  std::string vouching;           // instead of a head token, where one is needed; empty: nobody vouches
  std::uint64_t accept_jump = 0;  // a number that is right, however far ahead it is
};

/// Authentic, for us, and newer than what we have, or permitted; the medium's payload is still unread.
struct JudgedBundle {
  VerifiedBundle bundle;
  bool is_rollback = false;  // older than the last import, and a permit lets it through
  bool is_repeat = false;    // the last import itself
  std::vector<std::string> warnings;
};

/// Absent if it is refused; then `findings` say why. Unless it is only planned, what counts all the same is kept: root
/// documents that have gone on, and proof that somebody signs twice.
std::optional<JudgedBundle> judge_bundle(Site& site, const ImportOrder& order, Findings& findings);

}  // namespace patchferry::importer
