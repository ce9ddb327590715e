// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/words.h"

#include <cassert>

#include "bundle-format/word_list.h"

namespace patchferry {

std::string words_of(ByteSpan bytes, std::size_t count) {
  assert(count <= bytes.size());
  std::string out;
  for (const auto byte : bytes.first(count)) {
    if (!out.empty()) out += ' ';
    out += kWords[std::to_integer<std::size_t>(byte)];
  }
  return out;
}

std::string word_code(const Digest& hash) { return words_of(hash, 6); }

std::string key_words(const PublicKey& key) { return words_of(id_of(key), 12); }

std::string site_key_words(const SitePublicKey& key) { return words_of(sha256(as_bytes(encode_site_public_key(key))), 12); }

}  // namespace patchferry
