// SPDX-License-Identifier: Apache-2.0
// Which contents travel in which pack, and on which contents each pack builds.
//
// Contents that are alike lie side by side. A pack builds on what is most like its contents: first what the site has, then
// what came just before it in the same bundle, so that it never matters where one pack ends and the next begins.
// Time: n log n in the number of contents, shipped and at the site.
#pragma once

#include <vector>

#include "mirror/take_apart.h"

namespace patchferry::mirror {

constexpr std::uint64_t kPackBytes = 64ULL << 20;  // expanded; a content that is larger has a pack of its own

struct PlannedPack {
  std::vector<Member> contents;
  std::vector<Member> bases;  // at the site, or of an earlier pack; at most kMaxPrefix together
};

/// Each content once. What is at the site already is not shipped.
std::vector<PlannedPack> plan_packs(std::vector<Member> shipped, std::vector<Member> at_site);

}  // namespace patchferry::mirror
