// SPDX-License-Identifier: Apache-2.0
// Archives may be worked on side by side as long as little is held in memory for each. One of which more must be held, which only shows
// while it is read, waits here until it is the only such one in this program, and stays so until its work is done.
#pragma once

#include <cstdint>
#include <mutex>

namespace patchferry {

/// One archive's. Used by one thread, which waits for no other archive in between.
class LargeTurn {
 public:
  LargeTurn() = default;
  ~LargeTurn();
  LargeTurn(const LargeTurn&) = delete;
  LargeTurn& operator=(const LargeTurn&) = delete;

  /// So many bytes more are held for it. Waits if that makes it a large one, and another has its turn.
  void holds(std::uint64_t bytes);

 private:
  std::uint64_t held_ = 0;
  std::unique_lock<std::mutex> alone_;
};

}  // namespace patchferry
