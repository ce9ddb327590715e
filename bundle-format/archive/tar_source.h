// SPDX-License-Identifier: Apache-2.0
// Where a tar stream comes from: out of a compressed archive, or out of a recipe.
#pragma once

#include <cstdint>

#include "bundle-format/hash.h"
#include "system/bytes.h"
#include "system/refusal.h"
#include "system/rel_path.h"

namespace patchferry {

class MemberSink;

class TarSource {
 public:
  virtual ~TarSource() = default;
  /// The next part, valid until the next call; empty at the end, when every check of the source has been made.
  virtual Result<ByteSpan> next() = 0;
  /// If what follows the parts given so far begins with a content whose hash is known already, it has exactly `bytes` bytes, and `sink`
  /// need not read it: tells the sink (known_file()), and returns true. The stream stays where it is; skip() comes next.
  virtual Result<bool> offer_known(const RelPath& /*path*/, std::uint64_t /*bytes*/, MemberSink& /*sink*/) { return false; }
  /// Passes over the rest of the content that next() would go on with, if it is at most `bytes` long; returns its length.
  virtual std::uint64_t skip(std::uint64_t /*bytes*/) { return 0; }
};

}  // namespace patchferry
