// SPDX-License-Identifier: Apache-2.0
// Encrypted bundles, writing half: the inverse of bundle-format/secrecy.h.
#pragma once

#include "bundle-format/secrecy.h"

namespace patchferry {

ContentKey random_content_key();
SealedKey seal_key(const ContentKey& key, const EncryptionKey& to);
/// kChunkTag longer than `plain`. The same key, place and bytes give the same chunk.
Bytes encrypt_chunk(const ContentKey& key, const ChunkPlace& place, ByteSpan plain);
/// In chunks of `chunk_bytes` with their tags, the last one shorter.
Bytes encrypt_part(const ContentKey& key, ChunkPlace::Part part, ByteSpan plain, std::size_t chunk_bytes);

}  // namespace patchferry
