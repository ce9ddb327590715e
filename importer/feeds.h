// SPDX-License-Identifier: Apache-2.0
// The feeds of a site, and the generations that each has shown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "importer/rules/rules.h"
#include "importer/site.h"

namespace patchferry::importer {

/// Made by `init`; takes what names no other, and stays for as long as the base does.
inline constexpr const char* kMainFeed = "main";

struct Feed {
  std::int64_t id = 0;
  std::string name;
  bool automatic = false;
  std::uint64_t revision = 0;   // counts changes
  std::uint64_t published = 0;  // the revision that it shows
  std::uint64_t generation = 0;
};

struct GenerationRecord {
  std::uint64_t number = 0;
  std::uint64_t revision = 0;
  std::uint64_t at = 0;  // seconds since 1970
};

/// By its letters alone; some of these mean something else to agents (add_feed()).
bool is_feed_name(std::string_view name);

/// By name.
std::vector<Feed> feeds(Site& site);
/// UsageError, which tells the names there are.
Feed find_feed(Site& site, const std::string& name);
/// Each once, in order; main if none is named. UsageError as above.
std::vector<Feed> find_feeds(Site& site, const std::vector<std::string>& names);

/// The feeds that take new patchsets; none is in both lists.
struct Takers {
  std::vector<Feed> by_hand;  // named by a person: at once, and whatever their rules say
  std::vector<Feed> ruled;    // auto is on: what their rules allow
  std::vector<Feed> all() const;
};
/// None without `deploy`. UsageError as above.
Takers feeds_that_take(Site& site, const std::vector<std::string>& named, bool deploy);

/// Oldest first.
std::vector<GenerationRecord> generations_of(Site& site, const Feed& feed);

/// A feed with nothing enabled, published. What is disabled in every feed there was begins disabled in it too: pulled back means
/// pulled back. UsageError: the name is taken, or no name for a feed; rules as check_rules() has it.
Feed add_feed(Site& site, const std::string& name, bool automatic, const Rules& rules = {});
/// False if all of it was so already. UsageError: rules as check_rules() has it.
bool change_feed(Site& site, const Feed& feed, bool automatic, const Rules& rules);
/// The feed and all that it shows. UsageError for main, and for one that others follow.
void remove_feed(Site& site, const Feed& feed);

}  // namespace patchferry::importer
