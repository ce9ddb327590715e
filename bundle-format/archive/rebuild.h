// SPDX-License-Identifier: Apache-2.0
// An archive from its recipe and the contents that this names, byte for byte, on all cores.
//
// Memory: the recipe, and a few blocks of bzip2 a core.
#pragma once

#include "bundle-format/archive/recipe_source.h"

namespace patchferry {

/// Packs the whole of `stream` as `packing` (bzip2/packing.h) says. Refused: by the stream; or the packing does not fit it (malformed).
Result<void> pack_again(ByteSpan packing, TarSource& stream, const std::function<void(ByteSpan)>& out);

/// Hands the archive to `out` in order and returns its hash: only that tells whether it is the one that was meant. Refused: a
/// content is missing (by `open`), or the recipe's packing does not fit its stream (malformed).
Result<Digest> rebuild_archive(const Recipe& recipe, const OpenContent& open, const std::function<void(ByteSpan)>& out);

}  // namespace patchferry
