// SPDX-License-Identifier: Apache-2.0
// Taking archives into the store: copied, hashed, taken apart and proven, and only then catalogued.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "mirror/store.h"

namespace patchferry::mirror {

struct AddReport {
  std::vector<std::string> added;     // patchset names, release order
  std::vector<std::string> present;   // the same bytes were there already
  std::vector<std::string> restored;  // catalogued already, but the store's file was missing or damaged
  std::vector<std::string> moved;     // catalogued already, now in another channel
  std::vector<Refusal> refused;       // `where` is the path
  /// Of those added, which will travel as they are, and why; the others travel taken apart.
  struct Verbatim {
    std::string name;
    std::string why;
  };
  std::vector<Verbatim> verbatim;
};

/// The archive files that `paths` (files and folders) name; a folder contributes what looks like an archive
/// (*.tar.bz2, *.tgz), not recursively. A path that does not exist is a UsageError.
std::vector<std::string> archives_in(const std::vector<std::string>& paths);

/// Works on all cores. What is refused leaves no trace in the store.
/// `channel`: that they came by; "": by the default one, and those that the store knows stay in theirs.
AddReport add_archives(Store& store, const std::vector<std::string>& files, const std::string& channel,
                       const std::function<void(std::uint64_t)>& on_bytes);

}  // namespace patchferry::mirror
