// SPDX-License-Identifier: Apache-2.0
// Puts bzip2 on again: from a packing (SPEC.md "bzip2 packing") and the plain bytes to the very file that they came
// from, on all cores. Memory: about 25 MiB a core, and the packing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "system/bytes.h"
#include "system/refusal.h"

namespace patchferry {

class Bzip2Packer {
 public:
  /// `packing` may be any bytes, and is copied; what no Bzip2Unpacker writes is refused (malformed). `write` gets the file's bytes in
  /// order, on the thread that calls add() and finish(); what it throws comes out of those.
  static Result<Bzip2Packer> open(ByteSpan packing, std::function<void(ByteSpan)> write);
  ~Bzip2Packer();
  Bzip2Packer(Bzip2Packer&&) noexcept;
  Bzip2Packer& operator=(Bzip2Packer&&) noexcept;

  /// Plain bytes in order, split anyhow.
  void add(ByteSpan plain);
  /// The rest is written. Refused (malformed) if the plain bytes were not as many as the packing says, or do not fit it:
  /// what was written is then worth nothing. Whether it is the file that was meant, only its hash can tell.
  Result<void> finish();

  /// How many plain bytes the packing asks for.
  std::uint64_t plain_bytes() const;

 private:
  class Making;
  explicit Bzip2Packer(std::unique_ptr<Making> making);
  std::unique_ptr<Making> making_;
};

}  // namespace patchferry
