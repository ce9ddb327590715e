// SPDX-License-Identifier: Apache-2.0
#include "system/rel_path.h"

#include <algorithm>

namespace patchferry {

namespace {

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_name_char(char c) { return is_alnum(c) || c == '.' || c == '_' || c == '+' || c == '-'; }

}  // namespace

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), is_name_char);
}

bool is_site_name(std::string_view name) { return name.size() <= 64 && is_plain_name(name) && is_alnum(name.front()); }

std::optional<RelPath> RelPath::parse(std::string_view text) {
  if (text.empty() || text.size() > kMaxName) return std::nullopt;
  std::size_t depth = 0;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto slash = std::min(text.find('/', begin), text.size());
    if (!is_plain_name(text.substr(begin, slash - begin)) || ++depth > kMaxDepth) return std::nullopt;
    begin = slash + 1;
  }
  return RelPath(std::string(text));
}

std::vector<std::string> RelPath::parts() const {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= text_.size();) {
    const auto slash = std::min(text_.find('/', begin), text_.size());
    out.push_back(text_.substr(begin, slash - begin));
    begin = slash + 1;
  }
  return out;
}

std::string RelPath::folded() const {
  std::string out = text_;
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string printable(std::string_view text, std::size_t most) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : text.substr(0, most)) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 || u >= 0x7f || c == '"' || c == '\\' || c == '\'') {
      out += "\\x";
      out += kDigits[u >> 4];
      out += kDigits[u & 15];
    } else {
      out += c;
    }
  }
  if (text.size() > most) out += "...";
  return out;
}

}  // namespace patchferry
