// SPDX-License-Identifier: Apache-2.0
// What a feed shows of one kernel or build id: folders/<served>/<digest>/, named by a digest of what it holds and never
// changed once it is there.
//
//   latest.v1, version, …   the vendor's own bytes, out of the enabled patchset with the highest level (layout_profile.h); one
//                           that names a level which no enabled patchset has is left out
//   3 → …/resources/…/3     a level, whole, out of the newest enabled patchset that has it
#pragma once

#include <map>
#include <string>
#include <vector>

#include "importer/feeds.h"
#include "importer/site.h"

namespace patchferry::importer {

struct FolderEntry {
  bool is_link = false;
  std::string text;  // where it leads, or what it holds
  bool operator==(const FolderEntry&) const = default;
};
using FeedFolder = std::map<std::string, FolderEntry>;

/// True for the name of a level in a folder; anything else is a pointer.
bool is_level(const std::string& name);

std::string digest_of(const FeedFolder& folder);
/// Whole or not at all, unless the power fails.
void write_folder(const FeedFolder& folder, const std::string& path);
/// What lies there, whoever has written it; nothing if it is not there.
FeedFolder read_folder(const std::string& path);
/// Its levels; none if it is not there.
FeedFolder levels_in(const std::string& path);

/// By what the database says now.
class FolderMaker {
 public:
  FolderMaker(Site& site, const Feed& feed);

  struct Made {
    FeedFolder folder;                  // empty: no enabled patchset has it
    std::vector<std::string> reissued;  // levels of which enabled patchsets bring different bytes
  };
  /// `served`: "<khash>" or "u/<buildid>".
  Made make(const std::string& served);
  /// All that enabled patchsets have; ascending.
  std::vector<std::string> served();
  /// Those that changes after `revision` are about; ascending.
  std::vector<std::string> changed_since(std::uint64_t revision);

 private:
  std::int64_t feed_;
  Site& site_;
  Query levels_;
  Query pointers_;
};

}  // namespace patchferry::importer
