// SPDX-License-Identifier: Apache-2.0
// An archive into contents, and the recipe that makes it again from them: proven by making it again.
//
// Memory: the recipe, and some blocks of bzip2 a core. Time: unpacking and packing the archive once; twice if its compressor
// is not libbz2.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bundle-format/archive/contents.h"
#include "bundle-format/archive/large_turn.h"
#include "bundle-format/archive/recipe.h"

namespace patchferry {

/// A recipe as it travels. Only dissect() makes one: reading these very bytes and following them has given the archive.
class ProvenRecipe {
 public:
  const Bytes& bytes() const { return bytes_; }
  Digest hash() const { return sha256(bytes_); }

 private:
  explicit ProvenRecipe(Bytes bytes) : bytes_(std::move(bytes)) {}
  friend class Prover;
  Bytes bytes_;
};

struct Dissected {
  struct File {
    RelPath path;
    Digest content{};
    std::uint64_t bytes = 0;
  };

  PatchsetContents contents;
  std::vector<File> files;  // regular ones, in archive order
  std::optional<ProvenRecipe> recipe;
  std::string why_none;  // for people
};

/// Reads `archive` (of hash `hash`) from end to end. Contents that `path_of_kept` does not find are written to `folder` (which
/// exists), named by their hash. Refused as by read_contents(). `turn`: the archive's, until nothing of what is returned is held.
Result<Dissected> dissect(const ArchiveWork& work, const Fd& archive, const ArchiveName& name, const Digest& hash,
                          const ArchiveLimits& limits, const std::string& folder,
                          const std::function<std::string(const Digest&)>& path_of_kept, LargeTurn& turn,
                          const OnRead& on_read = {});

}  // namespace patchferry
