// SPDX-License-Identifier: Apache-2.0
// Hashes as words, for people who compare them aloud (SPEC.md "Words").
#pragma once

#include <string>

#include "bundle-format/hash.h"
#include "bundle-format/signature.h"
#include "bundle-format/site_key.h"

namespace patchferry {

/// The first `count` of `bytes`, a word each, one space between them. There are that many.
std::string words_of(ByteSpan bytes, std::size_t count);

/// Six words of the hash of what is to be signed: a signer's check.
std::string word_code(const Digest& hash);

/// Twelve words of both halves of a site's key.
std::string site_key_words(const SitePublicKey& key);

/// Twelve words of a key's id.
std::string key_words(const PublicKey& key);

}  // namespace patchferry
