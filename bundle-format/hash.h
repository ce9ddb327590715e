// SPDX-License-Identifier: Apache-2.0
// SHA-256, the only hash of the format (SPEC.md "Hashes").
#pragma once

#include <array>
#include <compare>
#include <memory>
#include <string>

#include "system/bytes.h"

namespace patchferry {

using Digest = std::array<std::byte, 32>;

Digest sha256(ByteSpan bytes);

/// Hashes bytes as they come. Not copyable; finish() once.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void add(ByteSpan bytes);
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace patchferry
