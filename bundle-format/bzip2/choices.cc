// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/bzip2/choices.h"

#include <array>
#include <vector>

namespace patchferry::bzip2 {

namespace {

constexpr unsigned kGroupSize = 50;
constexpr unsigned kMaxTables = 6;
constexpr unsigned kMaxAlphabet = 258;
constexpr unsigned kMaxLength = 20;

struct Table {
  std::array<std::uint8_t, kMaxAlphabet> length{};
  std::array<std::uint32_t, kMaxAlphabet> code{};
};

struct Tables {
  std::vector<Table> tables;
  std::vector<std::uint8_t> selectors;
};

// Shorter codes first, those of one length in the symbols' order.
void assign_codes(Table& table, unsigned alphabet) {
  std::uint32_t code = 0;
  for (unsigned length = 1; length <= kMaxLength; ++length, code <<= 1)
    for (unsigned symbol = 0; symbol < alphabet; ++symbol)
      if (table.length[symbol] == length) table.code[symbol] = code++;
}

bool read_selectors(BitReader& in, unsigned tables, Tables& out) {
  const auto count = in.get(15);
  std::array<std::uint8_t, kMaxTables> front{0, 1, 2, 3, 4, 5};
  for (std::uint64_t i = 0; i < count; ++i) {
    unsigned place = 0;
    while (in.get(1) != 0)
      if (++place >= tables) return false;
    if (in.failed()) return false;
    const auto chosen = front[place];
    for (; place > 0; --place) front[place] = front[place - 1];
    front[0] = chosen;
    out.selectors.push_back(chosen);
  }
  return count > 0;
}

bool read_lengths(BitReader& in, unsigned alphabet, Table& out) {
  auto length = in.get(5);
  for (unsigned symbol = 0; symbol < alphabet; ++symbol) {
    for (;;) {
      if (in.failed() || length < 1 || length > kMaxLength) return false;
      if (in.get(1) == 0) break;
      length += in.get(1) == 0 ? 1 : -1ULL;
    }
    out.length[symbol] = static_cast<std::uint8_t>(length);
  }
  return !in.failed();
}

std::optional<Tables> read_tables(BitReader& in, unsigned alphabet) {
  Tables out;
  const auto tables = static_cast<unsigned>(in.get(3));
  if (tables < 2 || tables > kMaxTables || !read_selectors(in, tables, out)) return std::nullopt;
  out.tables.resize(tables);
  for (auto& table : out.tables) {
    if (!read_lengths(in, alphabet, table)) return std::nullopt;
    assign_codes(table, alphabet);
  }
  return out;
}

unsigned read_used(BitReader& in) {
  unsigned used = 0;
  const auto ranges = in.get(16);
  for (unsigned range = 0; range < 16; ++range)
    if ((ranges & (0x8000U >> range)) != 0)
      for (unsigned i = 0; i < 16; ++i) used += static_cast<unsigned>(in.get(1));
  return used;
}

void put_used(const std::array<bool, 256>& used, BitWriter& out) {
  std::uint64_t ranges = 0;
  for (unsigned b = 0; b < 256; ++b)
    if (used[b]) ranges |= 0x8000U >> (b / 16);
  out.put(ranges, 16);
  for (unsigned range = 0; range < 16; ++range)
    if ((ranges & (0x8000U >> range)) != 0)
      for (unsigned i = 0; i < 16; ++i) out.put(used[range * 16 + i] ? 1 : 0, 1);
}

}  // namespace

std::optional<Choice> choice_of(ByteSpan block) {
  BitReader in(block);
  in.get(kMagicBits);
  in.get(kCrcBits);
  const bool randomised = in.get(1) != 0;
  in.get(24);
  const unsigned used = read_used(in);
  if (randomised || used == 0) return std::nullopt;
  const std::uint64_t first = in.position();
  if (!read_tables(in, used + 2) || in.failed()) return std::nullopt;
  Choice out;
  out.bits = in.position() - first;
  if (out.bits > kMaxChoiceBits) return std::nullopt;
  BitWriter writer;
  writer.put_bits(block, first, out.bits);
  out.bytes = writer.finish();
  return out;
}

std::optional<BlockBits> build_block(const Choice& choice, const Symbols& symbols, std::uint32_t crc) {
  BitReader in(choice.bytes);
  const auto chosen = read_tables(in, symbols.alphabet);
  if (!chosen || in.position() != choice.bits) return std::nullopt;
  if (chosen->selectors.size() * kGroupSize < symbols.symbols.size()) return std::nullopt;
  BitWriter out;
  out.put(kBlockMagic, kMagicBits);
  out.put(crc, kCrcBits);
  out.put(0, 1);  // not randomised
  out.put(symbols.origin, 24);
  put_used(symbols.used, out);
  out.put_bits(choice.bytes, 0, choice.bits);
  std::size_t at = 0;
  for (const auto selector : chosen->selectors) {
    const Table& table = chosen->tables[selector];
    for (unsigned i = 0; i < kGroupSize && at < symbols.symbols.size(); ++i, ++at) {
      const auto symbol = symbols.symbols[at];
      out.put(table.code[symbol], table.length[symbol]);
    }
  }
  BlockBits block;
  block.count = out.bits();
  block.bytes = out.finish();
  return block;
}

}  // namespace patchferry::bzip2
