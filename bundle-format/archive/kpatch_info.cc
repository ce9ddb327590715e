// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/kpatch_info.h"

#include <algorithm>

namespace patchferry {

namespace {

constexpr std::size_t kMaxKernel = 128;
constexpr std::size_t kMaxCveDigits = 19;  // of the running number; the CVE list's own schema allows no more
constexpr std::string_view kBlank = " \t\r\n\v\f";
constexpr std::string_view kBetweenCves = " \t\r\n\v\f,";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }

bool is_kernel_char(char c) {
  constexpr std::string_view kMarks = "._+~:-";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || kMarks.find(c) != std::string_view::npos;
}

bool is_kernel(std::string_view text) {
  return !text.empty() && text.size() <= kMaxKernel && std::all_of(text.begin(), text.end(), is_kernel_char);
}

bool is_cve(std::string_view text) {
  return text.size() >= 13 && text.size() <= 9 + kMaxCveDigits && text.starts_with("CVE-") && all_digits(text.substr(4, 4)) &&
         text[8] == '-' && all_digits(text.substr(9));
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// Takes what comes before the next of `separators` off `text`.
std::string_view take(std::string_view& text, std::string_view separators) {
  const auto end = std::min(text.find_first_of(separators), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// "7.8", "10", "9.1 HIGH"; 0 for everything else.
unsigned tenths_of(std::string_view text) {
  const std::string_view score = take(text, kBlank);
  const auto dot = score.find('.');
  const std::string_view whole = score.substr(0, dot);
  if (whole.empty() || whole.size() > 2 || !all_digits(whole)) return 0;
  unsigned tenths = 0;
  for (const char c : whole) tenths = tenths * 10 + static_cast<unsigned>(c - '0');
  tenths *= 10;
  if (dot != std::string_view::npos) {
    if (score.size() != dot + 2 || !is_digit(score[dot + 1])) return 0;
    tenths += static_cast<unsigned>(score[dot + 1] - '0');
  }
  return tenths <= 100 ? tenths : 0;
}

// A block of lines without a blank one between them.
struct Record {
  std::vector<std::string> cves;
  unsigned cvss_tenths = 0;

  void move_into(std::vector<CveFix>& fixes) {
    for (auto& cve : cves) fixes.push_back({std::move(cve), cvss_tenths});
    *this = {};
  }
};

void sort_and_unite(std::vector<CveFix>& fixes) {
  std::sort(fixes.begin(), fixes.end(), [](const CveFix& a, const CveFix& b) {
    return a.cve != b.cve ? a.cve < b.cve : a.cvss_tenths > b.cvss_tenths;  // the highest score first, which unique() keeps
  });
  const auto same = [](const CveFix& a, const CveFix& b) { return a.cve == b.cve; };
  fixes.erase(std::unique(fixes.begin(), fixes.end(), same), fixes.end());
  fixes.shrink_to_fit();  // one name may have stood there 300,000 times
}

}  // namespace

KpatchInfo parse_kpatch_info(std::string_view text) {
  KpatchInfo info;
  std::string_view uname;
  std::string_view kernel;
  Record record;
  bool in_header = true;
  bool seen_line = false;
  while (!text.empty()) {
    const std::string_view line = trimmed(take(text, "\n"));
    if (line.empty()) {
      record.move_into(info.fixes);
      in_header = in_header && !seen_line;  // blank lines before the header do not end it
      continue;
    }
    seen_line = true;
    std::string_view value = line;
    const std::string_view key = trimmed(take(value, ":"));
    value = trimmed(value);
    if (in_header && key == "uname" && is_kernel(value)) {
      uname = value;
    } else if (in_header && key == "kernel" && is_kernel(value)) {
      kernel = value;
    } else if (key == "kpatch-cve") {
      while (!value.empty()) {
        const std::string_view cve = take(value, kBetweenCves);
        if (is_cve(cve)) record.cves.emplace_back(cve);
      }
    } else if (key == "kpatch-cvss") {
      record.cvss_tenths = tenths_of(value);
    }
  }
  record.move_into(info.fixes);
  info.kernel = std::string(uname.empty() ? kernel : uname);
  sort_and_unite(info.fixes);
  return info;
}

}  // namespace patchferry
