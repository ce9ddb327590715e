// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <set>

#include "bundle-format/tables.h"
#include "mirror/pack_plan.h"

using namespace patchferry;
using namespace patchferry::mirror;

namespace {

Member member(const std::string& likeness, std::uint64_t bytes, const std::string& content) {
  return {likeness, sha256(as_bytes(content)), bytes};
}

Member level(unsigned kernel, unsigned number, std::uint64_t bytes = 100'000) {
  return member(fmt::format("kernel/kpatch.bin/6.1.{:02}/ab/{:010}", kernel, number), bytes,
                fmt::format("{} {}", kernel, number));
}

std::vector<PlannedPack> plan(const std::vector<Member>& shipped, std::vector<Member> there) {
  std::sort(there.begin(), there.end(), [](const auto& a, const auto& b) { return a.likeness < b.likeness; });
  return plan_packs(shipped, [&](const auto& each) {
    for (const auto& m : there) each(m);
  });
}

std::vector<std::string> keys(const std::vector<Member>& members) {
  std::vector<std::string> out;
  for (const auto& m : members) out.push_back(m.likeness);
  return out;
}

}  // namespace

TEST_CASE("contents that are alike lie side by side, each once, and not at all if the site has them") {
  const auto packs = plan({level(2, 1), level(1, 2), level(1, 1), level(2, 1)}, {level(1, 1)});
  REQUIRE(packs.size() == 1);
  CHECK(keys(packs[0].contents) == keys({level(1, 2), level(2, 1)}));
}

TEST_CASE("a content builds on the level before it at the site, or else on its neighbour of the same name") {
  CHECK(keys(plan({level(1, 3)}, {level(1, 1), level(1, 2), level(2, 2)})[0].bases) == keys({level(1, 2)}));
  // The same level brought again with other bytes.
  Member reissued = level(1, 2);
  reissued.content = sha256(as_bytes("reissued"));
  CHECK(plan({reissued}, {level(1, 1), level(1, 2), level(1, 3)})[0].bases.front().content == level(1, 2).content);
  CHECK(keys(plan({level(1, 1)}, {level(2, 7)})[0].bases) == keys({level(2, 7)}));
  CHECK(plan({level(1, 1)}, {member("kernel/kpatch.info/6.1/ab/1", 100, "i")})[0].bases.empty());
  CHECK(plan({level(1, 1)}, {member("user/kpatch.bin/6.1/ab/1", 100, "u")})[0].bases.empty());
}

TEST_CASE("packs are at most so large, but for a single content; bases are within bounds, and never of a later pack") {
  std::vector<Member> shipped;
  std::vector<Member> there;
  for (unsigned kernel = 0; kernel < 40; ++kernel)
    for (unsigned number = 1; number < 8; ++number) {
      (number < 4 ? there : shipped).push_back(level(kernel, number, 1'000'000 + kernel * 70'000));
    }
  shipped.push_back(level(99, 1, 3 * kPackBytes));
  there.push_back(level(99, 0, 2 * kMaxPrefix));
  const auto packs = plan(shipped, there);
  CHECK(packs.size() > 3);
  std::set<Digest> known;
  for (const auto& m : there) known.insert(m.content);
  std::size_t contents = 0;
  for (const auto& pack : packs) {
    std::uint64_t bytes = 0;
    std::uint64_t bases = 0;
    std::set<Digest> distinct;
    for (const auto& m : pack.contents) bytes += m.bytes;
    for (const auto& m : pack.bases) {
      bases += m.bytes;
      CHECK(known.count(m.content) == 1);
      CHECK(distinct.insert(m.content).second);
    }
    CHECK((bytes <= kPackBytes || pack.contents.size() == 1));
    CHECK(bases <= kMaxPrefix);
    if (bytes > kPackBytes) CHECK(pack.bases.empty());
    for (const auto& m : pack.contents) known.insert(m.content);
    contents += pack.contents.size();
  }
  CHECK(contents == shipped.size());
}

TEST_CASE("nothing to ship is no pack") {
  CHECK(plan({}, {level(1, 1)}).empty());
  CHECK(plan({level(1, 1)}, {level(1, 1)}).empty());
}
