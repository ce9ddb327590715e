// SPDX-License-Identifier: Apache-2.0
// Bytes as values: fixed-width little-endian numbers, hexadecimal text.
//
// ByteReader never reads past its span: a short read sets failed() and yields zeros, so that a decoder can read a
// whole record and check once. Spans are borrowed for the reader's lifetime.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace patchferry {

using Bytes = std::vector<std::byte>;
using ByteSpan = std::span<const std::byte>;

inline ByteSpan as_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
inline std::string_view as_text(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};  // char may alias anything
}

/// Lower-case hexadecimal.
std::string to_hex(ByteSpan bytes);
/// Accepts exactly what to_hex writes (lower case, even length).
std::optional<Bytes> from_hex(std::string_view text);

template <std::size_t N>
std::optional<std::array<std::byte, N>> array_from_hex(std::string_view text) {
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != N) return std::nullopt;
  std::array<std::byte, N> out{};
  std::memcpy(out.data(), bytes->data(), N);
  return out;
}

/// Appends little-endian numbers and raw bytes.
class ByteWriter {
 public:
  void u8(std::uint8_t v) { number(v, 1); }
  void u16(std::uint16_t v) { number(v, 2); }
  void u32(std::uint32_t v) { number(v, 4); }
  void u64(std::uint64_t v) { number(v, 8); }
  void raw(ByteSpan bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void zeros(std::size_t count) { out_.resize(out_.size() + count); }
  std::size_t size() const { return out_.size(); }
  Bytes take() { return std::move(out_); }

 private:
  void number(std::uint64_t v, int width) {
    for (int i = 0; i < width; ++i) out_.push_back(static_cast<std::byte>((v >> (8 * i)) & 0xff));
  }
  Bytes out_;
};

class ByteReader {
 public:
  explicit ByteReader(ByteSpan bytes) : bytes_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }

  ByteSpan raw(std::size_t count) {
    if (count > bytes_.size() - at_) {
      failed_ = true;
      at_ = bytes_.size();
      return {};
    }
    const auto part = bytes_.subspan(at_, count);
    at_ += count;
    return part;
  }
  template <std::size_t N>
  std::array<std::byte, N> array() {
    std::array<std::byte, N> out{};
    const auto part = raw(N);
    if (part.size() == N) std::memcpy(out.data(), part.data(), N);
    return out;
  }
  /// True if the next `count` bytes are all zero (and skips them).
  bool zeros(std::size_t count) {
    const auto part = raw(count);
    for (const auto b : part)
      if (b != std::byte{0}) return false;
    return !failed_;
  }
  std::size_t offset() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }
  bool failed() const { return failed_; }

 private:
  std::uint64_t number(std::size_t width) {
    const auto part = raw(width);
    std::uint64_t v = 0;
    for (std::size_t i = part.size(); i-- > 0;) v = (v << 8) | static_cast<std::uint64_t>(part[i]);
    return v;
  }
  ByteSpan bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace patchferry
