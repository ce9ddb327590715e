// SPDX-License-Identifier: Apache-2.0
#include "system/base32.h"

namespace patchferry {

namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

tl::unexpected<Refusal> malformed(std::string text, std::size_t offset) {
  auto refusal = refuse(RefusalKind::malformed, std::move(text), "compare it with the original, letter by letter");
  refusal.value().offset = offset;
  return refusal;
}

bool is_ignored(char c) { return c == '-' || c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

std::string encode_base32(ByteSpan bytes) {
  std::string out;
  unsigned buffer = 0;
  unsigned bits = 0;
  for (const auto byte : bytes) {
    buffer = (buffer << 8 | std::to_integer<unsigned>(byte)) & 0xfff;  // at most four bits were left over
    for (bits += 8; bits >= 5; bits -= 5) out += kAlphabet[(buffer >> (bits - 5)) & 31];
  }
  if (bits > 0) out += kAlphabet[(buffer << (5 - bits)) & 31];
  return out;
}

Result<Bytes> decode_base32(std::string_view text) {
  Bytes out;
  unsigned buffer = 0;
  unsigned bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (is_ignored(c)) continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos) return malformed("this is not base32: only letters and the digits 2 to 7 are", i);
    buffer = (buffer << 5 | static_cast<unsigned>(value)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<std::byte>((buffer >> bits) & 0xff));
  }
  // A last character that gave no byte of its own is one too many: its bits would count for nothing.
  if (bits >= 5) return malformed("this base32 text has a character too many or too few", text.size());
  if ((buffer & ((1U << bits) - 1)) != 0) return malformed("the last character of this base32 text is not right", text.size());
  return out;
}

}  // namespace patchferry
