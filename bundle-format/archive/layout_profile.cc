// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/layout_profile.h"

#include <algorithm>
#include <limits>

namespace patchferry {

namespace {

constexpr std::string_view kKernel = "kernel";
constexpr std::string_view kUserFolder = "u";
constexpr std::size_t kKhashDigits = 40;
constexpr std::size_t kMinBuildId = 8;
constexpr std::size_t kMaxBuildId = 128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

bool is_ident(const std::string& product, std::string_view name) {
  if (!std::all_of(name.begin(), name.end(), is_hex)) return false;
  if (product == kKernel) return name.size() == kKhashDigits;
  return name.size() >= kMinBuildId && name.size() <= kMaxBuildId && name.size() % 2 == 0;
}

std::optional<std::uint64_t> level_of(std::string_view text) {
  if (text.empty() || text.size() > 10 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint64_t level = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    level = level * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (level > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return level;
}

// What agents read beside the levels: "latest", "latest.v1", …, and "version", which tells that a kernel is supported.
// Known names only: the open-source tools execute some others (before, after).
bool is_beside_name(std::string_view name) {
  return name == "latest" || name == "version" ||
         (name.starts_with("latest.") && name.size() > std::string_view("latest.").size());
}

}  // namespace

Place place_of(const std::string& product, const RelPath& path) {
  const std::string_view text = path.text();
  const auto first = text.find('/');
  if (first == std::string_view::npos) return {};
  const std::string_view ident = text.substr(0, first);
  if (!is_ident(product, ident)) return {};

  Place place;
  const std::string_view rest = text.substr(first + 1);
  const auto second = rest.find('/');
  if (second == std::string_view::npos) {
    if (!is_beside_name(rest)) return {};
    place.kind = Place::Kind::pointer;
    place.name = std::string(rest);
  } else {
    const auto level = level_of(rest.substr(0, second));
    if (!level) return {};
    place.kind = Place::Kind::level_file;
    place.level = *level;
    place.name = std::string(rest.substr(second + 1));
  }
  place.ident = std::string(ident);
  return place;
}

bool is_kpatch1_place(const std::string& product, const Place& place) {
  return product != kKernel && place.kind == Place::Kind::level_file && place.name == "kpatch.bin";
}

std::optional<RelPath> beneath_top(const RelPath& path, const std::string& top_folder) {
  if (top_folder.empty()) return path;
  const std::string_view text = path.text();
  if (!text.starts_with(top_folder + "/")) return std::nullopt;
  return RelPath::parse(text.substr(top_folder.size() + 1));
}

std::string served_folder(const std::string& product, const std::string& ident) {
  return product == kKernel ? ident : std::string(kUserFolder) + "/" + ident;
}

std::string ident_in(const std::string& folder) { return folder.substr(folder.rfind('/') + 1); }

bool is_served_name(const std::string& name) {
  return name == kUserFolder || is_ident(std::string(kKernel), name) || is_ident("", name);
}

DefaultPointer default_pointer(const std::string& product, std::uint64_t level) {
  if (product == kKernel) return {"latest.v1", false, std::to_string(level) + "\n"};
  return {"latest", true, std::to_string(level)};
}

}  // namespace patchferry
