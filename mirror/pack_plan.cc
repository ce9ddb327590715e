// SPDX-License-Identifier: Apache-2.0
#include "mirror/pack_plan.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "bundle-format/tables.h"
#include "mirror/likeness.h"

namespace patchferry::mirror {

namespace {

/// In the order of likeness, each content once.
std::vector<Member> in_order(std::vector<Member> members) {
  const auto by_content = [](const Member& a, const Member& b) {
    return std::tie(a.content, a.likeness) < std::tie(b.content, b.likeness);
  };
  std::sort(members.begin(), members.end(), by_content);
  members.erase(std::unique(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.content == b.content; }),
                members.end());
  std::sort(members.begin(), members.end(),
            [](const Member& a, const Member& b) { return std::tie(a.likeness, a.content) < std::tie(b.likeness, b.content); });
  return members;
}

bool same_class(const Member& a, const Member& b) { return Likeness::class_of(a.likeness) == Likeness::class_of(b.likeness); }

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

/// For each content the one at the site that is just before it, or else just after: the level before, mostly.
void add_from_site(Bases& bases, const std::vector<Member>& contents, const std::vector<Member>& at_site) {
  for (const auto& content : contents) {
    const auto after = std::lower_bound(at_site.begin(), at_site.end(), content,
                                        [](const Member& a, const Member& b) { return a.likeness < b.likeness; });
    if (after != at_site.begin() && same_class(*(after - 1), content))
      bases.add(*(after - 1));
    else if (after != at_site.end() && same_class(*after, content))
      bases.add(*after);
  }
}

/// What was shipped just before, latest first.
void add_from_bundle(Bases& bases, const std::vector<Member>& shipped, std::size_t begin) {
  for (std::size_t i = begin; i > 0; --i)
    if (!bases.add(shipped[i - 1])) break;
}

}  // namespace

std::vector<PlannedPack> plan_packs(std::vector<Member> shipped, std::vector<Member> at_site) {
  at_site = in_order(std::move(at_site));
  shipped = in_order(std::move(shipped));
  std::set<Digest> there;
  for (const auto& m : at_site) there.insert(m.content);
  std::erase_if(shipped, [&](const Member& m) { return there.count(m.content) != 0; });

  std::vector<PlannedPack> out;
  for (std::size_t begin = 0; begin < shipped.size();) {
    PlannedPack pack;
    std::uint64_t bytes = 0;
    std::size_t end = begin;
    while (end < shipped.size() && (end == begin || bytes + shipped[end].bytes <= kPackBytes)) {
      bytes += shipped[end].bytes;
      pack.contents.push_back(shipped[end++]);
    }
    // A single huge content takes the memory that bases would.
    if (bytes <= kPackBytes) {
      Bases bases;
      add_from_site(bases, pack.contents, at_site);
      add_from_bundle(bases, shipped, begin);
      pack.bases = bases.take();
    }
    begin = end;
    out.push_back(std::move(pack));
  }
  return out;
}

}  // namespace patchferry::mirror
