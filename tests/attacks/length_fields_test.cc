// SPDX-License-Identifier: Apache-2.0
// Lengths and counts at their extremes.
#include <catch2/catch.hpp>

#include "tests/unit/small_bundle.h"

using namespace patchferry;
using namespace patchferry::test;

TEST_CASE("length fields of a statement at their extremes are refused or harmless") {
  const auto good = encode_statement(small_bundle(TempFolder()).layout.statement);
  for (const std::size_t at : std::initializer_list<std::size_t>{240, 248, 256, 264, 268, 272, 280, 288, 328}) {
    for (const std::uint64_t value : {0ULL, 1ULL, 0xffffffffULL, 1ULL << 32, 1ULL << 63, ~0ULL}) {
      auto bytes = good;
      for (std::size_t i = 0; i < 8; ++i) bytes[at + i] = static_cast<std::byte>((value >> (8 * i)) & 0xff);
      if (const auto decoded = decode_statement(bytes)) REQUIRE(encode_statement(*decoded) == bytes);
    }
  }
}
