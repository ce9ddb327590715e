// SPDX-License-Identifier: Apache-2.0
#include "system/harmless_text.h"

#include <cstdint>

namespace patchferry {

namespace {

bool is_harmless(std::uint32_t point) {
  if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return false;     // C0, DEL, C1
  if (point == 0xad || point == 0x61c || point == 0x180e) return false;  // soft hyphen, an Arabic mark, a Mongolian one
  if (point >= 0x200b && point <= 0x200f) return false;                  // no width, marks of direction
  if (point >= 0x2028 && point <= 0x202e) return false;                  // line ends, embedding, overriding
  if (point >= 0x2060 && point <= 0x206f) return false;                  // isolating
  if (point >= 0xd800 && point <= 0xdfff) return false;                  // no characters
  return point != 0xfeff && !(point >= 0xfff9 && point <= 0xfffb) && !(point >= 0xe0000 && point <= 0xe0fff);
}

/// Bytes of the character at the beginning of `text`; 0 if there is none, or it is not to be shown.
std::size_t shown_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return is_harmless(byte(0)) ? 1 : 0;
  const std::size_t size = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < size) return 0;
  std::uint32_t point = byte(0) & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3fU);
  }
  const std::uint32_t least = size == 4 ? 0x10000 : size == 3 ? 0x800 : 0x80;
  return point >= least && point <= 0x10ffff && is_harmless(point) ? size : 0;
}

}  // namespace

std::string harmless(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    std::size_t size = shown_bytes(text);
    if (size > 0) {
      out += text.substr(0, size);
    } else {
      const auto byte = static_cast<unsigned char>(text.front());
      out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
      size = 1;
    }
    text.remove_prefix(size);
  }
  return out;
}

}  // namespace patchferry
