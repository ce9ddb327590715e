// SPDX-License-Identifier: Apache-2.0
#include "importer/feed_rules.h"

#include <algorithm>
#include <fmt/format.h>

#include "importer/catalogue.h"
#include "importer/rules/rules_json.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/rel_path.h"

namespace patchferry::importer {

namespace {

/// Following from feed to feed must come to an end.
void check_follow(Site& site, const std::string& feed, const std::string& follow) {
  if (follow == feed) throw UsageError("feed " + feed + " cannot follow itself", "nothing has been changed");
  std::string path = feed;
  for (std::string next = follow; !next.empty();) {
    path += " → " + next;
    if (next == feed) throw UsageError("feeds would follow each other in a circle: " + path, "nothing has been changed");
    next = rules_of(site, find_feed(site, next)).follow;
  }
}

}  // namespace

Rules rules_of(Site& site, const Feed& feed) {
  Query row(site.db(), "SELECT text FROM feed_rules WHERE feed=?1");
  if (!row.bind(feed.id).step()) return {};
  auto rules = decode_rules(row.text(0));
  if (!rules)
    throw SystemFailure("the database of this site is damaged: rules of feed " + feed.name + ": " + rules.error().text, 0,
                        "'patchferry doctor' says more; restore the base from a backup");
  return std::move(*rules);
}

void check_rules(Site& site, const std::string& feed, const Rules& rules) {
  const auto all = patchsets(site);
  const PatchsetName* first = all.empty() ? nullptr : &all.front().name.patchset;
  if (const auto wrong = contradiction_in(rules, first, now(), machine_zone())) throw UsageError(wrong->text, wrong->hint);
  if (!rules.follow.empty()) check_follow(site, feed, rules.follow);
}

bool set_rules(Site& site, const Feed& feed, const Rules& rules) {
  if (rules_of(site, feed) == rules) return false;
  Query(site.db(), "INSERT OR REPLACE INTO feed_rules(feed, text) VALUES(?1,?2)").bind(feed.id, encode_rules(rules)).run();
  return true;
}

std::vector<std::string> followers_of(Site& site, const std::string& feed) {
  std::vector<std::string> out;
  for (const auto& one : feeds(site))
    if (rules_of(site, one).follow == feed) out.push_back(one.name);
  return out;
}

const char* word_for(Word word) { return word == Word::approved ? "approved" : "rejected"; }

std::map<std::string, SpokenWord> words_in(Site& site, const Feed& feed) {
  std::map<std::string, SpokenWord> out;
  Query all(site.db(), "SELECT name, word, who, at FROM feed_word WHERE feed=?1");
  all.bind(feed.id);
  while (all.step())
    out[all.text(0)] = {all.text(1) == word_for(Word::approved) ? Word::approved : Word::rejected, all.text(2), all.number(3)};
  return out;
}

bool say_word(Site& site, const Feed& feed, const std::string& name, Word word) {
  Query same(site.db(), "SELECT 1 FROM feed_word WHERE feed=?1 AND name=?2 AND word=?3");
  if (same.bind(feed.id, name, word_for(word)).step()) return false;
  Query(site.db(), "INSERT OR REPLACE INTO feed_word(feed, name, word, who, at) VALUES(?1,?2,?3,?4,?5)")
      .bind(feed.id, name, word_for(word), who(), now())
      .run();
  return true;
}

bool unsay_word(Site& site, const Feed& feed, const std::string& name, Word word) {
  Query said(site.db(), "DELETE FROM feed_word WHERE feed=?1 AND name=?2 AND word=?3 RETURNING 1");
  return said.bind(feed.id, name, word_for(word)).step();
}

}  // namespace patchferry::importer
