// SPDX-License-Identifier: Apache-2.0
// What the manifest says of the archives that travel.
#pragma once

#include "bundle-format/manifest.h"
#include "mirror/select.h"

namespace patchferry::mirror {

/// Patchsets and what each is the first to fix, withdrawals, and what the bundle builds on; without site and sequence.
Manifest describe(Store& store, const Missing& missing);

}  // namespace patchferry::mirror
