// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "system/base32.h"

using namespace patchferry;

namespace {

void check_refused(std::string_view text) {
  INFO(text);
  const auto decoded = decode_base32(text);
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().kind == RefusalKind::malformed);
  CHECK(decoded.error().offset);
}

}  // namespace

TEST_CASE("base32 is that of RFC 4648, without padding") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "MY"},
                                                         {"fo", "MZXQ"},
                                                         {"foo", "MZXW6"},
                                                         {"foob", "MZXW6YQ"},
                                                         {"fooba", "MZXW6YTB"},
                                                         {"foobar", "MZXW6YTBOI"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(encode_base32(as_bytes(bytes)) == text);
    const auto decoded = decode_base32(text);
    REQUIRE(decoded);
    CHECK(as_text(*decoded) == bytes);
  }
}

TEST_CASE("base32 of every length and byte comes back as it was") {
  for (std::size_t size = 0; size <= 40; ++size)
    for (unsigned seed = 0; seed < 256; ++seed) {
      Bytes bytes(size);
      for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i * 37 + seed) & 0xff);
      const auto decoded = decode_base32(encode_base32(bytes));
      REQUIRE(decoded);
      REQUIRE(*decoded == bytes);
    }
}

TEST_CASE("base32 may be typed in lower case and in groups") {
  for (const char* text : {"mzxw6ytboi", "MZXW-6YTB-OI", " mzxw 6YTB\n\toi\r\n", "-MZXW6YTBOI-"}) {
    const auto decoded = decode_base32(text);
    REQUIRE(decoded);
    CHECK(as_text(*decoded) == "foobar");
  }
}

TEST_CASE("base32 has one encoding a value: left-over bits, impossible lengths and other characters are refused") {
  // Of all texts of two characters, those whose last two bits are zero, and no others, are a byte.
  int taken = 0;
  for (const char a : std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
    for (const char b : std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")) {
      const std::string text = {a, b};
      if (const auto decoded = decode_base32(text); decoded) {
        ++taken;
        CHECK(encode_base32(*decoded) == text);
      }
    }
  CHECK(taken == 256);
  for (const char* text : {"MZ", "MZXR", "MZXW7", "MZXW6YR"}) check_refused(text);         // left-over bits
  for (const char* text : {"A", "AAA", "AAAAAA", "MZXW6YTBO", "A-"}) check_refused(text);  // lengths
  for (const char* text : {"MZXW6===", "MZ1Q", "MZ0Q", "MZ8Q", "MZ9Q", "MZ_Q", "MZ+Q", "MZ\xc3\xbcQ", "M\x01ZQ"})
    check_refused(text);
  check_refused(std::string_view("MY\0", 3));
}
