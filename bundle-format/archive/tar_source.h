// SPDX-License-Identifier: Apache-2.0
// Where a tar stream comes from: out of a compressed archive, or out of a recipe.
#pragma once

#include <cstdint>

#include "bundle-format/hash.h"
#include "system/bytes.h"
#include "system/refusal.h"

namespace patchferry {

class TarSource {
 public:
  virtual ~TarSource() = default;
  /// The next part, valid until the next call; empty at the end, when every check of the source has been made.
  virtual Result<ByteSpan> next() = 0;
  /// If what follows the parts given so far begins with a content whose hash is known already, and it has exactly `bytes`
  /// bytes: that hash.
  virtual const Digest* known(std::uint64_t /*bytes*/) { return nullptr; }
  /// The first bytes of the content that known() has just told of, as many as `out` holds or as it has; the stream stays where
  /// it is.
  virtual Result<std::size_t> peek(std::span<std::byte> /*out*/) { return 0; }
  /// Passes over the rest of the content that next() would go on with, if it is at most `bytes` long; returns its length.
  virtual std::uint64_t skip(std::uint64_t /*bytes*/) { return 0; }
};

}  // namespace patchferry
