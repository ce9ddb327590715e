// SPDX-License-Identifier: Apache-2.0
// Each word stands for 16 bits: consonant, vowel, consonant, vowel, consonant.
#include "bundle-format/words.h"

#include <cassert>

namespace patchferry {

std::string words_of(ByteSpan bytes, std::size_t count) {
  constexpr std::string_view kConsonants = "bdfghjklmnprstvz";
  constexpr std::string_view kVowels = "aiou";
  assert(count > 0 && count <= 16);
  const Digest digest = sha256(bytes);
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned bits = static_cast<unsigned>(digest[2 * i]) << 8 | static_cast<unsigned>(digest[2 * i + 1]);
    if (i > 0) out += ' ';
    out += kConsonants[bits >> 12 & 15];
    out += kVowels[bits >> 10 & 3];
    out += kConsonants[bits >> 6 & 15];
    out += kVowels[bits >> 4 & 3];
    out += kConsonants[bits & 15];
  }
  return out;
}

std::string key_words(const PublicKey& key) { return words_of(id_of(key), 12); }

}  // namespace patchferry
