// SPDX-License-Identifier: Apache-2.0
// The layout profile: everything we assume about the inside of the vendor's archives, in one place, because it is
// not public (docs/ecosystem.md). <khash>/<level>/… for kernels, <buildid>/<level>/… for user space, pointer files
// latest* beside the levels, all optionally beneath a single top folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "system/rel_path.h"

namespace patchferry {

/// Where a member lies. Only `level_file` and `pointer` are ever served; a pointer is a file beside the levels
/// (latest, latest.v1, version) that agents read before they ask for a level.
struct Place {
  enum class Kind { level_file, pointer, other };
  Kind kind = Kind::other;
  std::string ident;        // khash or build id (lower-case hex)
  std::uint64_t level = 0;  // of a level_file
  std::string name;         // rest of the path beneath the level; or the pointer's file name
};

/// `product` decides what an ident is: kernel → 40 hex digits (khash); others → build id, 8 to 128 hex digits of even
/// count. `path` has the top folder already removed. Levels are decimal, no leading zero (but "0"), below 2^32.
Place place_of(const std::string& product, const RelPath& path);

/// True for what must keep the rules of kpatch1.h if it begins like one: <buildid>/<level>/kpatch.bin. What kernels have
/// under that name is something else.
bool is_kpatch1_place(const std::string& product, const Place& place);

/// The path without the archive's top folder; nullopt if nothing is left.
std::optional<RelPath> beneath_top(const RelPath& path, const std::string& top_folder);

/// Where a feed serves an ident: "<khash>" for kernels, "u/<buildid>" for the rest.
std::string served_folder(const std::string& product, const std::string& ident);

/// And back: the ident of a served folder.
std::string ident_in(const std::string& served_folder);
/// True for what agents ask for at the root, or beneath u/, that is no feed's prefix: "u", a khash, a build id. Small letters.
bool is_served_name(const std::string& name);

/// The pointer written where the vendor ships none: "latest.v1" holding "<level>\n" (kernel); a link "latest" (user).
struct DefaultPointer {
  std::string name;
  bool is_link = false;
  std::string text;
};
DefaultPointer default_pointer(const std::string& product, std::uint64_t level);

}  // namespace patchferry
