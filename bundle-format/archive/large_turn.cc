// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/large_turn.h"

#include <malloc.h>

namespace patchferry {

namespace {

/// Several times what any release takes of which we know.
constexpr std::uint64_t kLarge = 8 << 20;

std::mutex& large_one() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

LargeTurn::~LargeTurn() {
  if (!alone_) return;
  // A thread's memory stays with the process when it is freed, and the next large archive may be another thread's.
  ::malloc_trim(0);
}

void LargeTurn::holds(std::uint64_t bytes) {
  held_ += bytes;
  if (held_ > kLarge && !alone_) alone_ = std::unique_lock(large_one());
}

}  // namespace patchferry
