// SPDX-License-Identifier: Apache-2.0
#include "importer/audit_words.h"

#include <string>

namespace patchferry::importer {

namespace {

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '+' ||
         c == '-';
}

}  // namespace

bool has_word(std::string_view text, std::string_view word) {
  if (word.empty()) return false;
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || !is_name_char(text[at - 1])) && (end == text.size() || !is_name_char(text[end]))) return true;
  }
  return false;
}

bool names_patchset(std::string_view text, std::string_view patchset) {
  const std::string name(patchset);
  return has_word(text, name) || has_word(text, name + ".tar.bz2") || has_word(text, name + ".tgz");
}

}  // namespace patchferry::importer
