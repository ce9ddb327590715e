// SPDX-License-Identifier: Apache-2.0
// What people do to feeds: decided (feed_states.h), committed, published; each call one change, one generation a feed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "importer/archives_report.h"
#include "importer/feed_states.h"
#include "importer/feeds.h"
#include "importer/publish.h"
#include "importer/rule_work.h"
#include "system/refusal.h"

namespace patchferry::importer {

struct KnownPatchset;

struct FeedReport {
  struct Move {
    std::string feed;
    FeedMove what;
  };
  struct Kept {
    std::string feed;
    std::string patchset;
    FeedState state;  // that it stays in
  };
  std::vector<Move> moves;         // feed by feed, in release order
  std::vector<Kept> kept;          // what a person or the vendor has decided, and the command leaves alone
  std::vector<Kept> not_put_back;  // by a rollback: it was enabled then, and has been cleaned away since
  std::vector<Judged> waiting;     // what rules keep out, for now or for good
  std::vector<Published> published;
  std::vector<ArchiveFailure> stale;  // trees of other patchsets that could not be laid out again (trees.h)
};

/// UsageError for a name that is none, or of a patchset that is not here; an archive's file name will do.
KnownPatchset find_named(Site& site, const std::string& name);

/// Names of several patchsets go with enable and disable alone (UsageError). Nothing is changed if one of them cannot be:
/// refused are withdrawn (enable), and what lay_out_stored() refuses.
Result<FeedReport> change_feeds(Site& site, const std::vector<Feed>& feeds, FeedAction action,
                                const std::vector<std::string>& names);

/// Enables what is here, nobody has decided about, and the rules of the feed let through. `product`: of these alone; "" for all.
/// `what`: the word for the audit log. What cannot be unpacked is left out, and named in `stale`.
Result<FeedReport> update_feeds(Site& site, const std::vector<Feed>& feeds, const std::string& product,
                                const std::string& what = "update");

/// Moves that somebody has decided on already, as `what` in the audit log; added to `report`. `only_plan`: says them, and changes nothing.
Result<FeedReport> move_in_feed(Site& site, const Feed& feed, std::vector<FeedMove> moves, const std::string& what,
                                bool only_plan, FeedReport report = {});

/// What has been decided in `model` is decided in `feed` as well: also what a person has taken out.
Result<FeedReport> copy_states(Site& site, const Feed& model, const Feed& feed);

/// To what it showed in generation `to`, or before its last change. UsageError: there is no such generation.
/// What this takes out counts as decided by a person. `to` is set to the generation chosen.
FeedReport roll_back_feed(Site& site, const Feed& feed, std::optional<std::uint64_t>& to);

/// Within a report: true if nothing has changed.
bool is_idle(const FeedReport& report);

}  // namespace patchferry::importer
