// SPDX-License-Identifier: Apache-2.0
// From archives to packs: which contents travel, compressed against what the site has, and the tables and manifest that
// describe them. Packs are spooled in the store, and expanded again and compared there before anything is signed.
#pragma once

#include "bundle-format/packs/compress_pack.h"
#include "bundle-format/write/bundle_writer.h"
#include "mirror/decompose.h"

namespace patchferry::mirror {

struct Packs {
  Tables tables;
  PayloadSource payload;             // files in the store's spool, and archives that travel verbatim
  Manifest manifest;                 // without site, sequence and table facts
  std::uint64_t expanded_bytes = 0;  // ceiling: packs, and what archives unpack to
};

/// Every content and archive is hashed as it is read: one whose bytes have changed is a SystemFailure, so that nothing is signed
/// which no site could accept. Memory: 512 MiB at most; the spool takes as much room as the payload.
Packs pack(Store& store, const Missing& missing, const std::vector<Piece>& pieces, Effort effort);

/// Empties the spool when the bundle is written, or was given up.
class SpooledPacks {
 public:
  explicit SpooledPacks(const ContentStore& store) : store_(store) {}
  ~SpooledPacks();
  SpooledPacks(const SpooledPacks&) = delete;
  SpooledPacks& operator=(const SpooledPacks&) = delete;

 private:
  const ContentStore& store_;
};

}  // namespace patchferry::mirror
