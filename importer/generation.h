// SPDX-License-Identifier: Apache-2.0
// One generation of one feed, from the one before and what has changed since (publish.h). The passes, in order:
//
//   build()    the tree is on disk, and nobody looks at it
//   show()     `current` leads to it; the caller has made it durable before
//   record()   the database knows, within the caller's transaction
//   prune()    what no kept generation shows is gone
//
// Killed after show() and before record(), the next generation is built from all that the feed has, not from changes.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "importer/feed_folder.h"
#include "importer/publish.h"

namespace patchferry::importer {

/// What `current` leads to; 0: nothing.
std::uint64_t generation_shown(const Site& site, const Feed& feed);

class Generation {
 public:
  Generation(Site& site, const Feed& feed);

  void build();
  void show();
  void record();
  void prune();
  const Published& published() const { return published_; }

 private:
  struct Lingering {
    std::uint64_t since = 0;  // generation, the first without it
    std::uint64_t at = 0;     // when that was made
  };
  using LevelPlace = std::pair<std::string, std::string>;  // served folder, level

  bool knows_its_predecessor();
  void read_lingering();
  bool is_over(const Lingering& one) const;
  /// Its patchset is withdrawn, or cleaned away: its levels do not linger.
  bool is_gone(const std::string& target) const;
  std::vector<std::string> folders_to_make();
  void link_over(const std::set<std::string>& but);
  void make(const std::string& served);
  void leave_out_lingering();
  void let_linger(const std::string& served, const FeedFolder& before, FeedFolder& folder);
  /// The path beneath folders/ of what the generation before shows; "" if nothing.
  std::string shown_before(const std::string& served) const;
  void link(const std::string& served, const std::string& path);
  void prune_all();

  Site& site_;
  Feed feed_;
  std::string root_;      // feeds/<feed>
  std::uint64_t before_;  // number of the generation that `current` leads to; 0: none
  std::uint64_t number_;
  std::string tree_, tree_before_;
  FolderMaker maker_;
  std::vector<std::string> withdrawn_, cleaned_;  // names, in byte order
  bool by_changes_ = false;
  bool was_interrupted_ = false;  // a killed run has begun to build: it may have left folders that nothing shows
  std::map<LevelPlace, Lingering> lingering_;
  std::map<std::string, std::uint64_t> retired_;  // path beneath folders/ → generation that showed it last
  Published published_;
};

}  // namespace patchferry::importer
