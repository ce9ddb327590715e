// SPDX-License-Identifier: Apache-2.0
#include "importer/feeds.h"

#include <algorithm>

#include "bundle-format/archive/layout_profile.h"
#include "importer/feed_rules.h"
#include "importer/feed_states.h"
#include "importer/publish.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/rel_path.h"

namespace patchferry::importer {

namespace {

constexpr std::size_t kMaxName = 64;

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// Readers see all of it or nothing: one rename, within the caller's transaction, which the next command does if this one cannot.
/// Returns where it is then, to be removed after site.roll_forward().
std::string put_aside(Site& site, const std::string& feed) {
  std::string aside = "quarantine/feed-" + feed;
  if (exists(site.path("feeds/" + feed)))
    Query(site.db(), "INSERT INTO pending_rename(source, target) VALUES(?1,?2)").bind("feeds/" + feed, aside).run();
  return site.path(aside);
}

/// It becomes a folder, and a prefix in the addresses that agents ask for.
void check_name(Site& site, const std::string& name) {
  const char* rule = "letters, digits, '.', '_' and '-', at most 64 of them, with a letter or digit first";
  if (!is_feed_name(name)) throw UsageError("'" + printable(name) + "' is no name for a feed", rule);
  if (is_served_name(lower(name)))
    throw UsageError("'" + name + "' is no name for a feed: agents ask for something else by it",
                     "choose one that is not 'u', and not all of hexadecimal digits");
  for (const auto& feed : feeds(site))
    if (lower(feed.name) == lower(name)) throw UsageError("there is a feed '" + feed.name + "' already");
}

/// For the audit log: what they are from now on.
std::string rules_detail(const Rules& rules) { return ", rules: " + rules_in_full(rules); }

}  // namespace

bool is_feed_name(std::string_view name) {
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kMaxName && std::all_of(name.begin(), name.end(), is_good) && name.front() != '.' &&
         name.front() != '_' && name.front() != '-';
}

std::vector<Feed> feeds(Site& site) {
  std::vector<Feed> out;
  Query all(site.db(), "SELECT id, name, auto, revision, published, generation FROM feed ORDER BY name");
  while (all.step())
    out.push_back({all.integer(0), all.text(1), all.integer(2) != 0, all.number(3), all.number(4), all.number(5)});
  return out;
}

Feed find_feed(Site& site, const std::string& name) {
  std::string names;
  for (const auto& feed : feeds(site)) {
    if (feed.name == name) return feed;
    names += (names.empty() ? "" : ", ") + feed.name;
  }
  throw UsageError("there is no feed '" + printable(name) + "' at this site",
                   "the feeds are: " + names + "; nothing has been changed");
}

std::vector<Feed> find_feeds(Site& site, const std::vector<std::string>& names) {
  std::vector<Feed> out;
  for (const auto& name : names.empty() ? std::vector<std::string>{kMainFeed} : names) {
    Feed feed = find_feed(site, name);
    if (std::none_of(out.begin(), out.end(), [&](const Feed& f) { return f.id == feed.id; })) out.push_back(std::move(feed));
  }
  return out;
}

std::vector<Feed> Takers::all() const {
  std::vector<Feed> out = by_hand;
  out.insert(out.end(), ruled.begin(), ruled.end());
  std::sort(out.begin(), out.end(), [](const Feed& a, const Feed& b) { return a.name < b.name; });
  return out;
}

Takers feeds_that_take(Site& site, const std::vector<std::string>& named, bool deploy) {
  for (const auto& name : named) find_feed(site, name);
  Takers out;
  if (!deploy) return out;
  for (const auto& feed : feeds(site)) {
    if (std::find(named.begin(), named.end(), feed.name) != named.end())
      out.by_hand.push_back(feed);
    else if (feed.automatic)
      out.ruled.push_back(feed);
  }
  return out;
}

std::vector<GenerationRecord> generations_of(Site& site, const Feed& feed) {
  std::vector<GenerationRecord> out;
  Query all(site.db(), "SELECT number, revision, at FROM generation WHERE feed=?1 ORDER BY number");
  all.bind(feed.id);
  while (all.step()) out.push_back({all.number(0), all.number(1), all.number(2)});
  return out;
}

Feed add_feed(Site& site, const std::string& name, bool automatic, const Rules& rules) {
  check_name(site, name);
  check_rules(site, name, rules);
  Transaction transaction(site.db());
  const std::string aside = put_aside(site, name);  // what lies there is of a database that was put back
  Query(site.db(), "INSERT INTO feed(name, auto) VALUES(?1,?2)").bind(name, automatic).run();
  begin_states(site, find_feed(site, name));
  const bool has_rules = set_rules(site, find_feed(site, name), rules);
  site.audit({.what = "feed add", .detail = name + (automatic ? ", automatic" : "") + (has_rules ? rules_detail(rules) : "")});
  transaction.commit();
  site.roll_forward();
  remove_tree(aside);
  publish_changed(site);
  return find_feed(site, name);
}

bool change_feed(Site& site, const Feed& feed, bool automatic, const Rules& rules) {
  check_rules(site, feed.name, rules);
  Transaction transaction(site.db());
  const bool has_rules = set_rules(site, feed, rules);
  if (feed.automatic == automatic && !has_rules) return false;
  Query(site.db(), "UPDATE feed SET auto=?2 WHERE id=?1").bind(feed.id, automatic).run();
  site.audit({.what = "feed change",
              .detail = feed.name + (automatic ? ", automatic" : ", not automatic") + (has_rules ? rules_detail(rules) : "")});
  transaction.commit();
  return true;
}

void remove_feed(Site& site, const Feed& feed) {
  if (feed.name == kMainFeed)
    throw UsageError("feed main cannot be removed", "'patchferry feed change main --no-auto' makes it wait for you");
  if (const auto followers = followers_of(site, feed.name); !followers.empty())
    throw UsageError("feed " + followers.front() + " follows feed " + feed.name + ", so this one cannot be removed",
                     "'patchferry feed change " + followers.front() + " --follow none' ends that");
  Transaction transaction(site.db());
  Query(site.db(), "DELETE FROM feed WHERE id=?1").bind(feed.id).run();
  const std::string aside = put_aside(site, feed.name);
  site.audit({.what = "feed remove", .detail = feed.name});
  transaction.commit();
  site.roll_forward();
  remove_tree(aside);
}

}  // namespace patchferry::importer
