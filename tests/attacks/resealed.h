// SPDX-License-Identifier: Apache-2.0
// A bundle of one volume whose signer is hostile: any field of any part may be altered, and is then signed with a good key.
#pragma once

#include <cstdint>
#include <string>

#include "bundle-format/volume.h"
#include "bundle-format/write/signing_key.h"

namespace patchferry::test {

struct Resealed {
  explicit Resealed(const std::string& volume_bytes);

  Preamble preamble;
  Bytes statement, root_chain, volume_table, leaves, tables, payload;
  std::string manifest;

  /// The statement's lengths and hashes of all other parts, and the hash of the leaves, as they are now.
  void bind();
  /// The volume, signed by `key`, with the lengths in its preamble that fit.
  std::string sealed(const SigningKey& key) const;
};

/// A little-endian number of `width` bytes.
void put(Bytes& bytes, std::size_t at, std::size_t width, std::uint64_t value);
std::uint64_t number_at(const Bytes& bytes, std::size_t at, std::size_t width);

}  // namespace patchferry::test
