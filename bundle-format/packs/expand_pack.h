// SPDX-License-Identifier: Apache-2.0
// Expands a pack (SPEC.md "Packs"): one zstd frame, or bytes as they are, to the objects that lie in it.
//
// Only bytes whose hash was checked come here. Memory: `prefix`, which the caller holds, and a window of at most
// kMaxWindow; a frame that asks for more is refused before it is expanded.
#pragma once

#include <functional>

#include "bundle-format/tables.h"
#include "system/bytes.h"
#include "system/refusal.h"

namespace patchferry {

/// What people are told to do about a malformed pack.
constexpr const char* kPackHint = "it was signed so: ask for a fresh bundle";

/// Fills its argument with stored bytes of the pack, from the given offset in it.
using ReadStored = std::function<void(std::uint64_t, std::span<std::byte>)>;

/// Hands the expanded bytes to `out`, in order, exactly pack.expanded_bytes of them. `prefix`: its bases, joined; it must
/// live until the call returns. Refused (malformed, too_large): what is stored is no such pack; parts of it were handed out.
Result<void> expand_pack(const PackRecord& pack, const ReadStored& stored, ByteSpan prefix,
                         const std::function<void(ByteSpan)>& out);

}  // namespace patchferry
