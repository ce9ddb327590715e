// SPDX-License-Identifier: Apache-2.0
// Names of patchsets and their archives (SPEC.md "Patchset names").
//
// K20230712_03, K04082020_1 (day first, until 2021), 16012017_1 (kernel, to 2020), U20210129_02,
// U20210818_01-qemu. Archives: <name>.tar.bz2, or <name>.tgz for the oldest. Order is (date, number, name).
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "system/calendar.h"
#include "system/refusal.h"

namespace patchferry {

struct PatchsetName {
  std::string text;     // as the vendor writes it
  std::string product;  // "kernel", "user", or the suffix of U…-<product>: "qemu", "db", …
  Date released;
  unsigned number = 0;  // 1…9999

  /// Release order.
  friend std::strong_ordering operator<=>(const PatchsetName& a, const PatchsetName& b) {
    if (const auto c = a.released <=> b.released; c != 0) return c;
    if (const auto c = a.number <=> b.number; c != 0) return c;
    return a.text.compare(b.text) <=> 0;
  }
  friend bool operator==(const PatchsetName& a, const PatchsetName& b) { return a.text == b.text; }
};

enum class Compression { bzip2, gzip };

struct ArchiveName {
  PatchsetName patchset;
  std::string file;  // "K20230712_03.tar.bz2"
  Compression compression = Compression::bzip2;
};

/// The two date forms are told apart by range (a year lies in 2010…2099); the date must exist.
std::optional<PatchsetName> parse_patchset_name(std::string_view text);
/// `file` is a bare file name. Refused with bad_name and the grammar in the hint.
Result<ArchiveName> parse_archive_name(std::string_view file);

}  // namespace patchferry
