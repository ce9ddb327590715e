// SPDX-License-Identifier: Apache-2.0
#include "mirror/pack_plan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "mirror/likeness.h"

namespace patchferry::mirror {

namespace {

/// A content, and what at the site is most like it.
struct Shipped {
  Member content;
  std::optional<Member> base;
  bool is_there = false;  // at the site itself
};

/// In the order of likeness, each content once.
std::vector<Shipped> in_order(std::vector<Member> members) {
  const auto by_content = [](const Member& a, const Member& b) {
    return std::tie(a.content, a.likeness) < std::tie(b.content, b.likeness);
  };
  std::sort(members.begin(), members.end(), by_content);
  members.erase(std::unique(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.content == b.content; }),
                members.end());
  std::sort(members.begin(), members.end(),
            [](const Member& a, const Member& b) { return std::tie(a.likeness, a.content) < std::tie(b.likeness, b.content); });
  std::vector<Shipped> out;
  for (auto& member : members) out.push_back({std::move(member), std::nullopt, false});
  return out;
}

bool same_class(const Member& a, const Member& b) { return Likeness::class_of(a.likeness) == Likeness::class_of(b.likeness); }

/// For each content the one at the site that has its very place, or else comes just before it (the level before, mostly), or
/// else just after.
void find_bases(std::vector<Shipped>& shipped, const EachAtSite& at_site) {
  std::map<Digest, std::size_t> by_content;
  for (std::size_t i = 0; i < shipped.size(); ++i) by_content[shipped[i].content.content] = i;
  std::optional<Member> before;
  std::size_t next = 0;
  const auto settle = [&](const Member* after) {
    Shipped& here = shipped[next++];
    const bool in_place = after != nullptr && after->likeness == here.content.likeness;
    if (!in_place && before && same_class(*before, here.content))
      here.base = before;
    else if (after != nullptr && same_class(*after, here.content))
      here.base = *after;
  };
  at_site([&](const Member& member) {
    if (const auto same = by_content.find(member.content); same != by_content.end()) shipped[same->second].is_there = true;
    while (next < shipped.size() && shipped[next].content.likeness <= member.likeness) settle(&member);
    before = member;
  });
  while (next < shipped.size()) settle(nullptr);
  std::erase_if(shipped, [](const Shipped& s) { return s.is_there; });
}

/// The bases of one pack, within what a prefix may hold.
class Bases {
 public:
  bool add(const Member& base) {
    if (base.bytes > kMaxPrefix - bytes_) return false;
    if (!taken_.insert(base.content).second) return true;
    bytes_ += base.bytes;
    out_.push_back(base);
    return true;
  }
  /// The most alike comes last, where it costs least to refer to.
  std::vector<Member> take() {
    std::reverse(out_.begin(), out_.end());
    return std::move(out_);
  }

 private:
  std::uint64_t bytes_ = 0;
  std::set<Digest> taken_;
  std::vector<Member> out_;
};

/// Those at the site first, then what of the same class was shipped just before, latest first.
std::vector<Member> bases_for(const std::vector<Shipped>& shipped, std::size_t begin, std::size_t end) {
  Bases bases;
  for (std::size_t i = begin; i < end; ++i)
    if (shipped[i].base) bases.add(*shipped[i].base);
  for (std::size_t i = begin; i > 0 && same_class(shipped[i - 1].content, shipped[begin].content); --i)
    if (!bases.add(shipped[i - 1].content)) break;
  return bases.take();
}

}  // namespace

std::vector<PlannedPack> plan_packs(std::vector<Member> members, const EachAtSite& at_site) {
  std::vector<Shipped> shipped = in_order(std::move(members));
  find_bases(shipped, at_site);
  std::vector<PlannedPack> out;
  for (std::size_t begin = 0; begin < shipped.size();) {
    PlannedPack pack;
    std::uint64_t bytes = 0;
    std::size_t end = begin;
    while (end < shipped.size() && (end == begin || bytes + shipped[end].content.bytes <= kPackBytes)) {
      bytes += shipped[end].content.bytes;
      pack.contents.push_back(shipped[end++].content);
    }
    // A single huge content takes the memory that bases would.
    if (bytes <= kPackBytes) pack.bases = bases_for(shipped, begin, end);
    begin = end;
    out.push_back(std::move(pack));
  }
  return out;
}

}  // namespace patchferry::mirror
