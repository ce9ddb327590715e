// SPDX-License-Identifier: Apache-2.0
// SHA-256, the only hash of the format (SPEC.md "Hashes").
#pragma once

#include <array>
#include <functional>
#include <memory>

#include "system/bytes.h"
#include "system/file.h"

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

/// Of a whole file, whatever its position; `on_bytes(n)` as n more have been read.
Digest hash_file(const Fd& file, const std::function<void(std::uint64_t)>& on_bytes = {});
/// Copies the rest of `from` to `to`: of what was copied, which is read once.
Digest copy_hashing(const Fd& from, const Fd& to, const std::function<void(std::uint64_t)>& on_bytes = {});

}  // namespace patchferry
