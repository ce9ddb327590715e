// SPDX-License-Identifier: Apache-2.0
// Which contents are likely to be alike, told by their paths: the same file of neighbouring levels most of all, then that of
// another kernel. Keys of contents that are alike are near each other in the order of strings, and begin with one class.
#pragma once

#include <map>
#include <string>

#include "bundle-format/archive/contents.h"

namespace patchferry::mirror {

class Likeness {
 public:
  Likeness(std::string product, const PatchsetContents& contents);
  /// `path`: as it is in the archive.
  std::string key(const RelPath& path) const;
  /// The part of a key that two contents share which may be worth comparing: product and file name.
  static std::string_view class_of(std::string_view key);

 private:
  std::string product_;
  std::map<std::string, std::string> kernels_;  // by ident
};

}  // namespace patchferry::mirror
