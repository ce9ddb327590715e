// SPDX-License-Identifier: Apache-2.0
// Hashes as words, for two people to compare by telephone.
#pragma once

#include <string>

#include "bundle-format/signature.h"

namespace patchferry {

/// `count` words (1 … 16) that depend on every bit of `bytes`.
std::string words_of(ByteSpan bytes, std::size_t count);
/// Twelve words for a key.
std::string key_words(const PublicKey& key);

}  // namespace patchferry
