// SPDX-License-Identifier: Apache-2.0
#include "importer/keeping/tar_head.h"

#include <algorithm>
#include <cassert>
#include <fmt/format.h>

#include "system/rel_path.h"

namespace patchferry::importer::keeping {

namespace {

struct Field {
  std::size_t at;
  std::size_t size;
};
constexpr Field kName = {0, 100};
constexpr Field kMode = {100, 8};
constexpr Field kUid = {108, 8};
constexpr Field kGid = {116, 8};
constexpr Field kSize = {124, 12};
constexpr Field kTime = {136, 12};
constexpr Field kSum = {148, 8};
constexpr std::size_t kType = 156;
constexpr Field kMagic = {257, 8};
constexpr std::uint64_t kOctalEnd = 1ULL << 33;  // 11 digits

using Block = std::array<std::byte, kTarBlock>;

void put(Block& block, Field field, std::string_view text) {
  std::copy_n(as_bytes(text).begin(), std::min(text.size(), field.size), block.begin() + static_cast<std::ptrdiff_t>(field.at));
}

/// Of all bytes, those of the sum itself as blanks.
std::string sum_of(ByteSpan block) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < block.size(); ++i)
    sum += i >= kSum.at && i < kSum.at + kSum.size ? 32U : static_cast<unsigned>(block[i]);
  return fmt::format("{:06o}", sum) + std::string("\0 ", 2);
}

std::uint64_t size_in(ByteSpan field) {
  std::uint64_t out = 0;
  if (field[0] == std::byte{0x80}) {
    for (std::size_t i = 4; i < field.size(); ++i) out = (out << 8) | static_cast<std::uint64_t>(field[i]);
    return out;
  }
  for (const char c : as_text(field.first(11))) out = out * 8 + static_cast<std::uint64_t>(c >= '0' && c <= '7' ? c - '0' : 0);
  return out;
}

}  // namespace

Block encode_tar_head(const TarHead& head) {
  assert(!head.name.empty() && head.name.size() <= kMaxTarName);
  Block block{};
  put(block, kName, head.name);
  put(block, kMode, "0000600");
  put(block, kUid, "0000000");
  put(block, kGid, "0000000");
  if (head.bytes < kOctalEnd) {
    put(block, kSize, fmt::format("{:011o}", head.bytes));
  } else {
    block[kSize.at] = std::byte{0x80};
    for (std::size_t i = 0; i < 8; ++i)
      block[kSize.at + kSize.size - 1 - i] = static_cast<std::byte>((head.bytes >> (8 * i)) & 0xff);
  }
  put(block, kTime, "00000000000");
  block[kType] = static_cast<std::byte>('0');
  put(block, kMagic, std::string_view("ustar\00000", 8));
  put(block, kSum, sum_of(block));
  return block;
}

Result<TarHead> decode_tar_head(ByteSpan block) {
  assert(block.size() == kTarBlock);
  if (as_text(block.subspan(kSum.at, kSum.size)) != sum_of(block))
    return refuse(RefusalKind::damaged, "the head of a member does not match its sum");
  TarHead out;
  const std::string_view name = as_text(block.first(kName.size));
  out.name = name.substr(0, name.find('\0'));
  if (out.name.empty()) return refuse(RefusalKind::malformed, "a member has no name");
  if (block[kType] != static_cast<std::byte>('0'))
    return refuse(RefusalKind::not_regular, "the member " + printable(out.name) + " is not a regular file");
  out.bytes = size_in(block.subspan(kSize.at, kSize.size));
  if (out.bytes > kMaxMember)
    return refuse(RefusalKind::too_large, "the member " + printable(out.name) + " says that it is too large");
  const Block same = encode_tar_head(out);
  if (!std::equal(block.begin(), block.end(), same.begin()))
    return refuse(RefusalKind::malformed,
                  "the head of the member " + printable(out.name) + " is not as 'patchferry backup' writes it");
  return out;
}

}  // namespace patchferry::importer::keeping
