// SPDX-License-Identifier: Apache-2.0
// What a feed makes of each patchset, and how people change it.
//
//   undeployed   it is here and not in the feed. Nobody has decided, or a person has taken it out; what a person has taken
//                out, nothing automatic puts in again
//   enabled      the feed shows it
//   disabled     a person wants it out of the feed: nothing but `enable` puts it in again
//   withdrawn    by the vendor: nothing does
//
// A patchset that is not here has no state. Every change goes through set_state(), which writes it down: publishing
// (publish.h) looks at nothing but what has changed, and a rollback takes changes back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "importer/site.h"

namespace patchferry::importer {

struct Feed;
struct KnownPatchset;

enum class FeedState { undeployed, enabled, disabled, withdrawn };
const char* word_for(FeedState state);

/// By row id; undeployed if nobody has decided. `withdrawn` is never among these: patchsets() knows.
std::map<std::int64_t, FeedState> states_in(Site& site, const Feed& feed);
FeedState state_in(Site& site, const Feed& feed, std::int64_t patchset);
/// A person has decided, or something has taken it already: automatic updates leave it alone.
bool is_decided(Site& site, const Feed& feed, std::int64_t patchset);

/// A permitted rollback of the site has disabled it there, and nobody has decided since.
bool is_rolled_back(Site& site, const Feed& feed, std::int64_t patchset);

/// True if set_state() would write something down: another state, or a person's word where there was none.
bool is_news(Site& site, const Feed& feed, std::int64_t patchset, FeedState state, const std::string& why);
/// Within the caller's transaction. `why` is a word for the command. What is withdrawn becomes disabled rather than enabled.
/// False if it was so already.
bool set_state(Site& site, const Feed& feed, std::int64_t patchset, FeedState state, const std::string& why);

enum class FeedAction { enable, disable, enable_upto, undeploy_downto };
/// As people type it: "enable-upto".
const char* word_for(FeedAction action);

struct FeedMove {
  std::int64_t patchset = 0;
  std::string name;
  FeedState from = FeedState::undeployed;
  FeedState to = FeedState::undeployed;  // may be `from`: then a person has decided it now
};

/// What an action would do to one feed.
struct FeedDecision {
  std::vector<FeedMove> moves;    // release order
  std::vector<std::string> kept;  // would have moved, but are disabled
  std::vector<std::string> withdrawn;
};

/// Of `all`, in release order, the patchsets of the named one's product; `named` is one of them. Pure.
FeedDecision decide(const std::vector<KnownPatchset>& all, const std::string& feed, FeedAction action,
                    const KnownPatchset& named);

/// Within the caller's transaction: what every other feed has disabled begins disabled in a feed that is made now; a rollback of
/// the site that is taken back frees it here too.
void begin_states(Site& site, const Feed& feed);

/// What a rollback of the feed to what it was at `revision` means. What it takes out counts as decided.
struct WayBack {
  std::vector<FeedMove> moves;  // release order
  std::vector<FeedMove> kept;   // likewise: what would have moved, and stays: disabled since then, or withdrawn
};
WayBack way_back(Site& site, const Feed& feed, std::uint64_t revision);

/// Within the caller's transaction: feeds that have it enabled are to be published anew, although nobody has changed them. What
/// they show of it is another thing now.
void note_other_contents(Site& site, std::int64_t patchset);

/// Of a patchset that is withdrawn now, within the caller's transaction: disables it in every feed that had to do with it. A
/// change everywhere, since its levels may linger where it was taken out before (publish.h).
void take_out_withdrawn(Site& site, std::int64_t patchset);

/// Of a permitted rollback of the site (plan.h), within the caller's transaction: disables it in every feed; or takes that
/// back, wherever nobody has decided since.
void roll_out(Site& site, const std::string& name);
void roll_in(Site& site, const std::string& name);
enum class RollIn {
  nothing,
  frees,    // it stays out, and what takes patchsets may take it again
  enables,  // in some feed
};
RollIn would_roll_in(Site& site, std::int64_t patchset);
/// Row ids of those feeds.
std::vector<std::int64_t> would_enable_in(Site& site, std::int64_t patchset);

}  // namespace patchferry::importer
