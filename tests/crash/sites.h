// SPDX-License-Identifier: Apache-2.0
// Bases and stores under proof: what is asked of them after a fault.
#pragma once

#include <optional>

#include "tests/crash/proof.h"
#include "tests/quick_folders.h"
#include "tests/scenario/world.h"

namespace patchferry::test {

/// How many moments of each kind of fault the quick proofs try.
inline constexpr unsigned kSlices = 2;

/// A world with a folder `live` in memory, if that can be had: what is lost there is simulated, and syncs cost nothing.
class CrashWorld {
 public:
  explicit CrashWorld(std::uint64_t now = 1'790'000'000);
  const World* operator->() const { return &world_; }
  std::string live() const { return world_.at("live"); }
  std::string base() const { return live() + "/base"; }
  std::string store() const { return live() + "/store"; }
  std::string medium() const { return live() + "/medium"; }
  /// A command on live/base that must succeed.
  void site(Words words) const;
  /// `patchferry-site WORDS[0] --base live/base WORDS[1]…`
  Words site_words(Words words) const;
  /// For Questions::leave_room; empty if the live folder has no file system of its own.
  std::function<void(std::optional<std::uint64_t>)> room();

 private:
  QuickFolders quick_;
  AtTime time_;
  Set cores_;  // one: what is done in another order gets other row ids
  World world_;
  std::optional<MemoryFileSystem> memory_;
};

/// What is asked of live/base.
Questions questions_for_base(CrashWorld& world);
/// What is asked of live/store and live/medium.
Questions questions_for_store(CrashWorld& world);

/// Every row of every table, but for `without` (tables, or columns as "table.column"): table → rows.
Shown rows_of(const std::string& database, const std::vector<std::string>& without);

}  // namespace patchferry::test
