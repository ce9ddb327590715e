// SPDX-License-Identifier: Apache-2.0
#include "tests/attacks/thief.h"

#include <catch2/catch.hpp>

#include "bundle-format/envelope.h"
#include "bundle-format/statement.h"
#include "bundle-format/volume.h"
#include "bundle-format/write/signing_key.h"
#include "tests/scenario/world.h"

namespace patchferry::test {

void sign_by_force(const std::string& bundle, const std::vector<std::string>& key_files, DocumentType type) {
  for (const auto& path : volumes_of(bundle)) {
    const std::string bytes = contents(path);
    auto preamble = decode_preamble(as_bytes(bytes).first(kPreambleSize));
    REQUIRE(preamble);
    const std::size_t begin = kPreambleSize + preamble->envelope_bytes;
    Envelope envelope;
    for (const auto& file : key_files) {
      const auto key = SigningKey::decode(contents(file), "");
      REQUIRE(key);
      const Signature signature = key->sign(type, as_bytes(bytes).subspan(begin, kStatementSize));
      envelope.push_back({id_of(key->public_key()), Bytes(signature.begin(), signature.end())});
    }
    const Bytes encoded = encode_envelope(envelope);
    preamble->envelope_bytes = static_cast<std::uint32_t>(encoded.size());
    const Bytes head = encode_preamble(*preamble);
    write_contents(path, std::string(as_text(head)) + std::string(as_text(encoded)) + bytes.substr(begin));
  }
}

}  // namespace patchferry::test
