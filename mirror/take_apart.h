// SPDX-License-Identifier: Apache-2.0
// An archive into the store: its contents, and the recipe that makes it again from them (archive/dissect.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bundle-format/archive/contents.h"
#include "bundle-format/archive/large_turn.h"
#include "mirror/content_store.h"

namespace patchferry::mirror {

/// One regular file of an archive. `likeness`: contents that are alike have keys that are near, in the order of strings.
struct Member {
  std::string likeness;
  Digest content{};
  std::uint64_t bytes = 0;
};

/// How an archive will travel.
struct Travel {
  std::optional<Digest> recipe;  // a content; none: verbatim
  std::uint64_t recipe_bytes = 0;
  std::string why;  // verbatim; for people
};

struct TakenApart {
  PatchsetContents contents;
  std::vector<Member> members;  // in archive order
  Travel travel;
};

/// Reads `archive` (of hash `hash`) from end to end; all of its contents, and its recipe, are in `store` afterwards, durable. Refused
/// as by read_contents(). Safe to call for several archives at once, each with its `turn`, as by dissect().
Result<TakenApart> take_apart(const Fd& archive, const ArchiveName& name, const Digest& hash, const ArchiveLimits& limits,
                              const ContentStore& store, LargeTurn& turn, const std::function<void(std::uint64_t)>& on_read = {});

}  // namespace patchferry::mirror
