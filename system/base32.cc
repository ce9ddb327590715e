// SPDX-License-Identifier: Apache-2.0
#include "system/base32.h"

namespace patchferry {

namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

}  // namespace

std::string base32_encode(ByteSpan bytes) {
  std::string out;
  unsigned held = 0;
  unsigned bits = 0;
  for (const std::byte b : bytes) {
    held = (held << 8 | std::to_integer<unsigned>(b)) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) out += kLetters[held >> (bits - 5) & 31];
  }
  if (bits > 0) out += kLetters[held << (5 - bits) & 31];
  return out;
}

std::optional<Bytes> base32_decode(std::string_view text) {
  Bytes out;
  unsigned held = 0;
  unsigned bits = 0;
  for (const char c : text) {
    if (c == ' ' || c == '-' || c == '\n' || c == '\r' || c == '\t') continue;
    const auto value = kLetters.find(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    if (value == std::string_view::npos) return std::nullopt;
    held = (held << 5 | static_cast<unsigned>(value)) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<std::byte>(held >> bits & 0xff));
    }
  }
  if (bits >= 5 || (held & ((1U << bits) - 1)) != 0) return std::nullopt;
  return out;
}

}  // namespace patchferry
