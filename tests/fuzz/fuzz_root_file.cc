// SPDX-License-Identifier: Apache-2.0
// Root document files: one encoding each; a draft stands at the end or nowhere; how far a document has come is judged
// without a crash, and no document that nobody signed is ever complete.
#include <cstdlib>

#include "bundle-format/root_document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto links = decode_root_file(bytes);
  if (!links) return 0;
  Bytes again;
  for (std::size_t i = 0; i < links->size(); ++i) {
    if ((*links)[i].envelope.empty() && i + 1 != links->size()) std::abort();
    const Bytes one = encode_root_file((*links)[i]);
    again.insert(again.end(), one.begin(), one.end());
  }
  if (again.size() != size || std::memcmp(again.data(), data, size) != 0) std::abort();
  const bool draft = links->back().envelope.empty();
  if (decode_root_chain(bytes).has_value() == draft) std::abort();
  const auto standing = standing_of(links->front(), nullptr);
  if (standing && links->front().envelope.empty() && standing->complete()) std::abort();
  return 0;
}
