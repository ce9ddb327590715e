// SPDX-License-Identifier: Apache-2.0
// An archive from the stream that a recipe describes, byte for byte, on all cores.
//
// Memory: the packing, and a few blocks of bzip2 a core.
#pragma once

#include "bundle-format/archive/recipe_source.h"

namespace patchferry {

/// Packs the whole of `stream` as `packing` (bzip2/packing.h) says. Refused: by the stream; or the packing does not fit it (malformed).
Result<void> pack_again(ByteSpan packing, TarSource& stream, const std::function<void(ByteSpan)>& out);

}  // namespace patchferry
