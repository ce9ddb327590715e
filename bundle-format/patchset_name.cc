// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/patchset_name.h"

#include <algorithm>
#include <fmt/format.h>

#include "system/rel_path.h"

namespace patchferry {

namespace {

constexpr std::size_t kDateDigits = 8;
constexpr std::size_t kMaxNumberDigits = 4;
constexpr std::size_t kMaxSuffix = 16;
constexpr int kFirstYear = 2010;
constexpr int kLastYear = 2099;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_suffix_char(char c) { return (c >= 'a' && c <= 'z') || is_digit(c); }
bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }

int value_of(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

bool is_release_date(const Date& date) { return date.year >= kFirstYear && date.year <= kLastYear && is_valid(date); }

// Never ambiguous: year first begins with "20", which day first reads as the 20th, and then its year would have to
// begin with the month 20.
std::optional<Date> release_date(std::string_view digits) {
  const Date year_first{value_of(digits.substr(0, 4)), value_of(digits.substr(4, 2)), value_of(digits.substr(6, 2))};
  if (is_release_date(year_first)) return year_first;
  const Date day_first{value_of(digits.substr(4, 4)), value_of(digits.substr(2, 2)), value_of(digits.substr(0, 2))};
  if (is_release_date(day_first)) return day_first;
  return std::nullopt;
}

// "user" and "kernel" have a spelling of their own: a product has one encoding.
bool is_product_suffix(std::string_view suffix) {
  return !suffix.empty() && suffix.size() <= kMaxSuffix && std::all_of(suffix.begin(), suffix.end(), is_suffix_char) &&
         suffix != "user" && suffix != "kernel";
}

}  // namespace

std::optional<PatchsetName> parse_patchset_name(std::string_view text) {
  PatchsetName name;
  name.text = std::string(text);
  name.product = text.starts_with('U') ? "user" : "kernel";
  if (text.starts_with('U') || text.starts_with('K')) text.remove_prefix(1);

  if (text.size() <= kDateDigits || text[kDateDigits] != '_' || !all_digits(text.substr(0, kDateDigits))) return std::nullopt;
  const auto date = release_date(text.substr(0, kDateDigits));
  if (!date) return std::nullopt;
  name.released = *date;
  text.remove_prefix(kDateDigits + 1);

  const std::string_view number = text.substr(0, text.find('-'));
  if (number.empty() || number.size() > kMaxNumberDigits || !all_digits(number)) return std::nullopt;
  name.number = static_cast<unsigned>(value_of(number));
  if (name.number == 0) return std::nullopt;
  text.remove_prefix(number.size());

  if (!text.empty()) {
    text.remove_prefix(1);
    if (name.product != "user" || !is_product_suffix(text)) return std::nullopt;
    name.product = std::string(text);
  }
  return name;
}

Result<ArchiveName> parse_archive_name(std::string_view file) {
  struct Ending {
    std::string_view text;
    Compression compression;
  };
  static constexpr Ending kEndings[] = {{".tar.bz2", Compression::bzip2}, {".tgz", Compression::gzip}};
  for (const auto& ending : kEndings) {
    if (!file.ends_with(ending.text)) continue;
    if (auto patchset = parse_patchset_name(file.substr(0, file.size() - ending.text.size())))
      return ArchiveName{std::move(*patchset), std::string(file), ending.compression};
  }
  return refuse(RefusalKind::bad_name, fmt::format("'{}' is not the name of a patchset archive", printable(file)),
                "archives are named like K20230712_03.tar.bz2, K04082020_1.tgz, U20210129_02.tar.bz2 or "
                "U20210818_01-qemu.tar.bz2");
}

}  // namespace patchferry
