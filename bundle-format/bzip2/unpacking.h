// SPDX-License-Identifier: Apache-2.0
// Takes bzip2 off a file, on all cores, and writes down what is needed to put it on again byte for byte: the packing
// (SPEC.md "bzip2 packing"). Bzip2Packer does that.
//
// Memory, whatever the file: about 6 MiB a core while blocks are read, 35 MiB where their making is found out, and the
// packing (at most 64 MiB). One thread uses an unpacker at a time; destroying it half way is fine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "system/bytes.h"
#include "system/file.h"
#include "system/refusal.h"

namespace patchferry {

/// How sure the packing has to be.
enum class Care {
  /// The first block of the file tells who made its stream, and the streams behind it until one is not libbz2's. Where blocks end
  /// is checked throughout. The caller proves the packing by making the file again.
  first_block,
  /// Every block is made again at once, and kept as it was where that gives other bits. Takes the time of compression.
  every_block,
};

class Bzip2Unpacker {
 public:
  /// `file` is regular and outlives it; read from its beginning, by pread. `on_read(n)` is called on the caller's
  /// thread as n more bytes of it are done with; they add up to its size.
  explicit Bzip2Unpacker(const Fd& file, Care care = Care::first_block, std::function<void(std::uint64_t)> on_read = {});
  ~Bzip2Unpacker();
  Bzip2Unpacker(const Bzip2Unpacker&) = delete;
  Bzip2Unpacker& operator=(const Bzip2Unpacker&) = delete;

  /// The next part of the plain bytes, valid until the next call; empty: the end, with every CRC checked. Parts come
  /// before their block's CRC is checked: whatever was made of them is thrown away if a refusal follows (not_an_archive,
  /// truncated). After a refusal or an exception, there is nothing more to ask for.
  Result<ByteSpan> next();

  /// After the end: the packing. Empty if it would exceed 64 MiB, or 65,536 empty streams.
  Bytes packing() const;
  /// How much of the packing are bits of the file as they were.
  std::uint64_t literal_bytes() const;

 private:
  class Reading;
  std::unique_ptr<Reading> reading_;
};

}  // namespace patchferry
