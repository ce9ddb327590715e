// SPDX-License-Identifier: Apache-2.0
// The rules of each feed as the site keeps them, and what people have said of patchsets there.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "importer/feeds.h"
#include "importer/rules/rules.h"
#include "importer/site.h"

namespace patchferry::importer {

/// Without a row: rules that let everything through. SystemFailure if the database holds what this program does not write.
Rules rules_of(Site& site, const Feed& feed);

/// UsageError: rules that contradict each other, follow a feed that is not there, itself, or in a circle. `feed`: its name, which need
/// not be of a feed that is made already.
void check_rules(Site& site, const std::string& feed, const Rules& rules);
/// Checked before. Within the caller's transaction; the caller audits. False if they were so already.
bool set_rules(Site& site, const Feed& feed, const Rules& rules);

/// Names of the feeds that follow this one.
std::vector<std::string> followers_of(Site& site, const std::string& feed);

enum class Word { approved, rejected };
const char* word_for(Word word);

struct SpokenWord {
  Word word = Word::approved;
  std::string who;
  std::uint64_t at = 0;
};

/// By name.
std::map<std::string, SpokenWord> words_in(Site& site, const Feed& feed);
/// Within the caller's transaction. False if it was said already.
bool say_word(Site& site, const Feed& feed, const std::string& name, Word word);
/// Takes it back. False if it was not said.
bool unsay_word(Site& site, const Feed& feed, const std::string& name, Word word);

}  // namespace patchferry::importer
