// SPDX-License-Identifier: Apache-2.0
// Chains and the documents in them: one encoding each, and a chain is never walked under a domain that is not its own.
#include <cstdlib>

#include "bundle-format/root_document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto chain = decode_root_chain(bytes);
  if (!chain) return 0;
  const Bytes again = encode_root_chain(*chain);
  if (again.size() != size || std::memcmp(again.data(), data, size) != 0) std::abort();
  for (const auto& link : *chain)
    if (const auto document = decode_root(link.document))
      if (encode_root(*document) != link.document) std::abort();
  if (walk_root_chain(*chain, Digest{})) std::abort();
  (void)walk_root_chain(*chain, sha256(chain->front().document));
  return 0;
}
