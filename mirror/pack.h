// SPDX-License-Identifier: Apache-2.0
// From archives to packs: which contents travel, compressed against what the site has, and the tables that describe them.
// Packs are spooled in the store, and expanded again and compared there before anything is signed.
#pragma once

#include "bundle-format/packs/compress_pack.h"
#include "bundle-format/write/payload_source.h"
#include "mirror/decompose.h"

namespace patchferry::mirror {

struct Packs {
  Tables tables;
  PayloadSource payload;  // files in `spool`, and archives that travel verbatim
  SpoolFolder spool;
};

/// Every content and archive is hashed as it is read: one whose bytes have changed is a SystemFailure, so that nothing is signed
/// which no site could accept. Memory: two packs at once, each of up to 220 MiB at the greatest effort, and some 300 bytes a
/// content that travels. The spool takes as much room as the payload.
Packs pack(Store& store, const Missing& missing, const std::vector<Piece>& pieces, Effort effort);

}  // namespace patchferry::mirror
