// SPDX-License-Identifier: Apache-2.0
// What the tests of bundle-format/bzip2 share: bytes of many kinds, bzip2 files by libbz2 and by other programs, both ways.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundle-format/bzip2/unpacking.h"
#include "system/bytes.h"

namespace patchferry::test {

/// The same bytes for the same seed.
Bytes random_bytes(std::size_t size, std::uint64_t seed, unsigned symbols = 256);
Bytes words(std::size_t size, std::uint64_t seed);
Bytes repeated(std::string_view text, std::size_t size);

/// One stream, made by BZ2_bzBuffToBuffCompress.
Bytes bzip2_at_once(ByteSpan plain, int level);
/// One stream, made by BZ2_bzCompress from pieces of this size.
Bytes bzip2_in_pieces(ByteSpan plain, int level, std::size_t piece);
/// What the program makes of the bytes; {} in the command stands for the file that holds them.
Bytes made_by(const std::string& command, ByteSpan plain);

struct Unpacked {
  std::string refused;  // the kind, or ""
  Bytes plain;
  Bytes packing;
  std::uint64_t literal_bytes = 0;
};
Unpacked unpacked(ByteSpan file, Care care = Care::first_block);

/// The file, or the kind of refusal in `refused`.
struct Packed {
  std::string refused;
  Bytes file;
};
Packed packed_again(ByteSpan packing, ByteSpan plain, std::size_t piece = 65'536);

/// Unpacks to `plain` and packs to the file again.
void check_round_trip(ByteSpan file, ByteSpan plain, Care care = Care::first_block);

}  // namespace patchferry::test
