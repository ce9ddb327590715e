// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/content_keeper.h"

#include <atomic>
#include <fcntl.h>

namespace patchferry {

namespace {

/// Contents up to this size are hashed in memory first, so that one that is kept already is never written.
constexpr std::size_t kHeld = 4 << 20;

std::atomic<unsigned> next_temporary{0};

}  // namespace

void ContentKeeper::begin(const RelPath&, std::uint64_t, std::optional<std::uint64_t>) {
  held_.clear();
  temporary_.clear();
}

void ContentKeeper::data(ByteSpan part) {
  if (temporary_.empty() && held_.size() + part.size() <= kHeld) {
    held_.insert(held_.end(), part.begin(), part.end());
    return;
  }
  if (temporary_.empty()) spill();
  write_all(file_, part);
}

void ContentKeeper::end(const Digest& hash) {
  const std::string kept = folder_ + "/" + to_hex(hash);
  if (is_kept_(hash) || exists(kept)) {
    if (!temporary_.empty()) remove_file(temporary_);
    return;
  }
  if (temporary_.empty()) spill();
  file_ = Fd();
  // Two archives unpacked at once may bring the same content; both are right.
  rename_path(temporary_, kept);
}

void ContentKeeper::spill() {
  temporary_ = folder_ + "/.new-" + std::to_string(next_temporary++);
  file_ = open_file(temporary_, O_WRONLY | O_CREAT | O_EXCL, 0444);
  write_all(file_, held_);
  held_.clear();
}

}  // namespace patchferry
