// SPDX-License-Identifier: Apache-2.0
#include "importer/database_sum.h"

#include <algorithm>
#include <fcntl.h>
#include <fmt/format.h>

#include "bundle-format/hash.h"
#include "system/atomic_file.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/size.h"

namespace patchferry::importer {

namespace {

constexpr std::string_view kFormat = "patchferry-sum-1 ";
// Of SQLite's file format: where the header has its change counter, and the counter as of the SQLite version that it names.
constexpr std::size_t kHeader = 100, kCounter = 24, kCounterAgain = 92;

std::string database(const std::string& base) { return base + "/patchferry.sqlite"; }
std::string sum_file(const std::string& base) { return base + "/patchferry.sqlite.sum"; }

std::uint32_t number_at(ByteSpan bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
  return out;
}

/// So that a byte that flips in here is not taken for one in the database.
std::string with_check(const std::string& text) { return text + " " + to_hex(sha256(as_bytes(text))).substr(0, 16) + "\n"; }

std::string text_of(std::uint32_t counter, const Digest& hash) {
  return with_check(std::string(kFormat) + std::to_string(counter) + " " + to_hex(hash));
}

Digest hash_now(const std::string& base) { return hash_file(open_file(database(base), O_RDONLY)); }

constexpr std::uint64_t kGlance = 64 << 20;  // bytes, hashed in some hundredths of a second

std::string mark() { return with_check(std::string(kFormat) + "differs"); }

}  // namespace

std::optional<std::uint32_t> change_counter(const std::string& base) {
  std::array<std::byte, kHeader> header{};
  if (read_up_to(open_file(database(base), O_RDONLY), header) != kHeader) return std::nullopt;
  if (number_at(header, kCounter) != number_at(header, kCounterAgain)) return std::nullopt;
  return number_at(header, kCounter);
}

SumState compare_sum(const std::string& base) {
  if (!exists(sum_file(base))) return SumState::none;
  const std::string journal = database(base) + "-journal";
  if (exists(journal) && size_of(journal) > 0) return SumState::interrupted;
  const auto bytes = read_whole(sum_file(base), 200);
  const std::string text = bytes ? std::string(as_text(*bytes)) : "";
  const auto space = text.find(' ', kFormat.size());
  if (!text.starts_with(kFormat) || text != with_check(text.substr(0, text.rfind(' ')))) return SumState::unreadable;
  if (text == mark()) return SumState::differs;
  const auto counter = parse_number(text.substr(kFormat.size(), space - kFormat.size()), UINT32_MAX);
  if (!counter) return SumState::unreadable;
  const auto shown = change_counter(base);
  if (!shown) return SumState::differs;
  if (*shown != *counter) return SumState::interrupted;
  return text == text_of(*shown, hash_now(base)) ? SumState::good : SumState::differs;
}

SumState glance_at_sum(const std::string& base) {
  try {
    return size_of(database(base)) <= kGlance ? compare_sum(base) : SumState::none;
  } catch (const SystemFailure&) {
    return SumState::none;
  }
}

bool keep_differing(const std::string& base) {
  try {
    write_file(sum_file(base), as_bytes(mark()));
    return true;
  } catch (const SystemFailure&) {
    return false;
  }
}

bool write_sum(const std::string& base) {
  try {
    const auto counter = change_counter(base);
    if (!counter) return false;
    write_file(sum_file(base), as_bytes(text_of(*counter, hash_now(base))));
    return true;
  } catch (const SystemFailure&) {
    return false;
  }
}

}  // namespace patchferry::importer
