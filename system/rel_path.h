// SPDX-License-Identifier: Apache-2.0
// Paths and names that came from outside, validated once (SPEC.md "Names").
//
// A RelPath can only be made by parse(); it never is absolute, empty, or has "." or ".." or characters
// outside [A-Za-z0-9._+-]. Join it to a folder of ours without looking again.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchferry {

constexpr std::size_t kMaxName = 255;  // bytes of a path, and so of each component
constexpr std::size_t kMaxDepth = 16;  // components

class RelPath {
 public:
  static std::optional<RelPath> parse(std::string_view text);

  const std::string& text() const { return text_; }
  std::vector<std::string> parts() const;
  /// For the rule "unique after case folding".
  std::string folded() const;

 private:
  explicit RelPath(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// One component: [A-Za-z0-9._+-]{1,255}, neither "." nor "..".
bool is_plain_name(std::string_view name);

/// A site's name: a plain name of at most 64 characters that begins with a letter or digit.
bool is_site_name(std::string_view name);

/// Untrusted text made safe to print: control characters, non-ASCII bytes and quotes as \xNN, cut at `most` bytes.
std::string printable(std::string_view text, std::size_t most = 200);

}  // namespace patchferry
