// SPDX-License-Identifier: Apache-2.0
// Reads a manifest's text straight into a Manifest (SPEC.md "Manifest"). The text has one way to be written, so its reader needs no tree of
// values, and nothing to compare with: what does not stand there word by word as encode_manifest() writes it is refused.
//
// Memory: what the Manifest holds, which is at most three times the text.
#pragma once

#include <cstdint>
#include <string_view>

#include "bundle-format/manifest.h"
#include "system/refusal.h"

namespace patchferry {

// Bounds on what a manifest holds. They keep small the memory of everything that works on one.
constexpr std::uint64_t kMaxManifestObjects = 200'000;   // JSON objects, the whole one among them
constexpr std::uint64_t kMaxManifestValues = 2'000'000;  // values of all kinds, objects and arrays among them
constexpr std::uint64_t kMaxManifestKernels = 100'000;

/// Accepts what encode_manifest() writes, within these bounds. What it says is not judged (decode_manifest() does that), but for the
/// names of archives, from which other fields follow. Refused: malformed.
Result<Manifest> read_manifest(std::string_view text);

}  // namespace patchferry
