// SPDX-License-Identifier: Apache-2.0
// From patchsets to packs: which runs of which files travel, and the tables and manifest that describe them.
//
// Archives travel verbatim, each a stored pack of one object. Taking them apart changes this pass only.
#pragma once

#include "bundle-format/write/bundle_writer.h"
#include "mirror/select.h"

namespace patchferry::mirror {

struct Packs {
  Tables tables;
  PayloadSource payload;
  Manifest manifest;                 // without site, sequence and table facts
  std::uint64_t expanded_bytes = 0;  // ceiling: payload and what its archives unpack to
};

/// Reads every archive once more, on all cores: one whose bytes are no longer those that were added is a SystemFailure,
/// so that nothing is signed which no site could accept.
Packs pack(Store& store, const Missing& missing);

}  // namespace patchferry::mirror
