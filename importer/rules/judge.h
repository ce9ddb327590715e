// SPDX-License-Identifier: Apache-2.0
// May a feed take this patchset by itself now? Pure: the time and the zone are arguments, and nothing is remembered. What a clock
// that was put back makes of this is no more than a longer wait: nothing that was taken is taken out again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bundle-format/patchset_name.h"
#include "importer/rules/rules.h"

namespace patchferry::importer {

/// A patchset that nobody has decided about in a feed.
struct Waiting {
  PatchsetName name;
  std::uint64_t arrived = 0;        // seconds since 1970; it may lie in the future, by a clock that was wrong
  unsigned cvss_tenths = 0;         // the highest score of what it is the first to close; 0: unknown
  std::string channel = "default";  // that the vendor ships it in
  bool approved = false;            // a person's words, in this feed
  bool rejected = false;
  bool is_in_followed = false;       // the feed that this one follows has it enabled
  bool is_out_of_followed = false;   // somebody has taken it out there
  std::uint64_t followed_since = 0;  // since then; 0: that was not written down
};

enum class Reason {
  none,          // nothing speaks against it
  rejected,      // by a person
  sticky,        // newer than the feed may be
  channel,       // of a channel that the feed does not take
  not_followed,  // the feed that it follows does not have it
  approval,      // nobody has approved it yet
  delay,         // too young
  window,        // outside the hours in which the feed may change
};
/// The stable word: "not-followed".
const char* word_for(Reason reason);

struct Verdict {
  Reason reason = Reason::none;
  std::optional<std::uint64_t> until;  // taken then, if all stays as it is; none: not by waiting alone
  bool is_urgent = false;              // its score lets it pass delay, follow and approval
  bool takes() const { return reason == Reason::none; }
};

/// What wins over what is the order of the reasons above.
Verdict judge(const Rules& rules, const Waiting& patchset, std::uint64_t now, const Zone& zone);

/// One sentence, without the patchset's name: "waits until 2026-01-12 03:00 UTC: 24 hours after its release".
std::string sentence(const Verdict& verdict, const Rules& rules, const Waiting& patchset, const Zone& zone);

}  // namespace patchferry::importer
