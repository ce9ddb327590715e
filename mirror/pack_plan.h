// SPDX-License-Identifier: Apache-2.0
// Which contents travel in which pack, and on which contents each pack builds.
//
// Contents that are alike lie side by side. A pack builds on what is most like its contents: first what the site has, then
// what came just before it in the same bundle, so that it never matters where one pack ends and the next begins.
// Time: n log n in the number of contents that are shipped, and one walk over those at the site. Memory: the former.
#pragma once

#include <functional>
#include <vector>

#include "bundle-format/tables.h"
#include "mirror/take_apart.h"

namespace patchferry::mirror {

constexpr std::uint64_t kPackBytes = 64ULL << 20;  // expanded; a content that is larger has a pack of its own
static_assert(kPackBytes + kMaxPrefix <= kMaxMemory);

struct PlannedPack {
  std::vector<Member> contents;
  std::vector<Member> bases;  // at the site, or of an earlier pack; at most kMaxPrefix together
};

/// Calls its argument with each content that may be a base, in the order of likeness.
using EachAtSite = std::function<void(const std::function<void(const Member&)>&)>;

/// Each content once. What is at the site already is not shipped.
std::vector<PlannedPack> plan_packs(std::vector<Member> shipped, const EachAtSite& at_site);

}  // namespace patchferry::mirror
