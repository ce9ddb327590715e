// SPDX-License-Identifier: Apache-2.0
// What may be cleaned away (docs/cleaning.md): decided over values alone, nothing here reads or writes.
//
// A patchset is covered in a feed if each kernel and build id in it has a newer level there, out of another enabled patchset:
// a higher number, or the same number out of a newer release. By that order the newest level of each is never covered, so
// whatever goes, what agents are pointed to stays. It is obsolete if the vendor has withdrawn it; or if it is covered
// somewhere, and every feed that has not ruled it out covers it.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "importer/clean_settings.h"
#include "importer/feed_states.h"

namespace patchferry::importer {

struct ServedLevel {
  std::string served;  // "<khash>" or "u/<buildid>"
  std::uint64_t level = 0;
  auto operator<=>(const ServedLevel&) const = default;
};

struct PatchsetView {
  std::int64_t id = 0;
  std::string name;
  std::string product;
  std::uint64_t arrived = 0;
  bool withdrawn = false;
  bool unpacked = true;
  bool pinned = false;
  bool promised = false;  // by the newest receipt
  bool pending = false;   // its archive is still to be made
  std::vector<ServedLevel> levels;
  std::vector<std::optional<FeedState>> states;  // by feed; none: nobody has decided
};

struct FeedView {
  std::string name;
  std::uint64_t changed = 0;                 // when its newest generation was made
  std::set<ServedLevel> named;               // by the pointers of generations that are kept
  std::set<ServedLevel> lingering;           // for agents that may have read a pointer before one of the last switches
  std::map<ServedLevel, std::string> shown;  // in the newest generation: the patchset that it comes from
};

struct CleanSnapshot {
  std::vector<PatchsetView> patchsets;  // in release order
  std::vector<FeedView> feeds;
  CleanSettings settings;
  std::uint64_t now = 0;
  std::set<std::string> at_once;  // a person wants these gone: no retention, no receipt, covered or not
};

enum class Fate {
  goes,
  leaves,  // as soon as the next receipt has said so
  stays,
};

struct Judgement {
  Fate fate = Fate::stays;
  std::string reason;  // a word: docs/cleaning.md lists them
  std::string text;    // for people, without the patchset's name
};

/// By patchset, in the snapshot's order.
std::vector<Judgement> judge(const CleanSnapshot& all);

}  // namespace patchferry::importer
