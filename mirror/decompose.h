// SPDX-License-Identifier: Apache-2.0
// How each archive that is to travel does so: its recipe, or why it has none. Mostly known since it was added.
#pragma once

#include "mirror/select.h"

namespace patchferry::mirror {

struct Piece {
  StoredPatchset patchset;
  Travel travel;
};

/// For each of missing.patchsets. One that an older program has added, or whose contents are not all there any more, is taken
/// apart anew out of its archive; a SystemFailure if that is gone or has changed.
std::vector<Piece> decompose(Store& store, const Missing& missing);

}  // namespace patchferry::mirror
