// SPDX-License-Identifier: Apache-2.0
#include "mirror/pack.h"

#include <algorithm>
#include <fcntl.h>
#include <set>

#include "bundle-format/archive/recipe.h"
#include "bundle-format/packs/expand_pack.h"
#include "mirror/pack_plan.h"
#include "system/failure.h"
#include "system/parallel.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

/// What travels as contents: recipes, and what they name.
struct Travelling {
  std::vector<Member> recipes;
  std::vector<Member> contents;
};

Travelling travelling(Store& store, const std::vector<Piece>& pieces) {
  Travelling out;
  std::set<Digest> seen;
  for (const auto& [patchset, travel] : pieces) {
    if (!travel.recipe) continue;
    Bytes text(static_cast<std::size_t>(travel.recipe_bytes));
    store.contents().read(*travel.recipe, text);
    const auto recipe = decode_recipe(text);
    if (!recipe) throw SystemFailure("cannot read a recipe of this store's own: " + recipe.error().text, 0);
    const std::set<Digest> named(recipe->contents.begin(), recipe->contents.end());
    for (auto& member : store.members(patchset.id))
      if (named.count(member.content) != 0 && seen.insert(member.content).second) out.contents.push_back(std::move(member));
    if (seen.insert(*travel.recipe).second)
      out.recipes.push_back(
          {"recipe/" + patchset.name.patchset.product + "/" + patchset.name.file, *travel.recipe, travel.recipe_bytes});
  }
  return out;
}

/// Makes the packs of one bundle, and the records that tell of them.
class PackMaker {
 public:
  PackMaker(Store& store, Effort effort, Packs& out) : store_(store), effort_(effort), out_(out) {}

  void add(std::vector<PlannedPack> planned) {
    std::uint64_t total = 0;
    for (auto& pack : planned) {
      for (const auto& content : pack.contents) total += content.bytes;
      // What this store has lost does not travel, so it need not be had back: something else will do as a base.
      std::erase_if(pack.bases, [&](const Member& base) { return !store_.contents().has(base.content); });
    }
    Progress progress("packing", total);
    std::vector<PackRecord> records(planned.size());
    const std::size_t first = out_.tables.packs.size();
    const auto make = [&](std::size_t i) { records[i] = spool(planned[i], first + i, progress); };
    parallel_for(planned.size(), make, kPacksAtOnce);
    for (std::size_t i = 0; i < planned.size(); ++i) record(planned[i], first + i, records[i]);
  }

  void add_verbatim(const StoredPatchset& patchset) {
    if (!travelling_.insert(patchset.archive).second) return;  // two patchsets may be one archive
    store_.open_archive(patchset);                             // for its hash
    const auto index = static_cast<std::uint32_t>(out_.tables.packs.size());
    out_.tables.packs.push_back({Codec::stored, out_.payload.bytes(), patchset.archive_bytes, patchset.archive_bytes});
    out_.tables.objects.push_back({patchset.archive, patchset.archive_bytes, index, 0});
    out_.payload.append(store_.archive_path(patchset.name.file), 0, patchset.archive_bytes);
  }

 private:
  static constexpr std::size_t kPacksAtOnce = 2;  // for their memory

  std::string spool_path(std::size_t index) const { return out_.spool.path() + "/" + std::to_string(index); }

  Bytes prefix_of(const PlannedPack& planned) const {
    std::uint64_t bytes = 0;
    for (const auto& base : planned.bases) bytes += base.bytes;
    Bytes prefix(static_cast<std::size_t>(bytes));
    std::span<std::byte> rest(prefix);
    for (const auto& base : planned.bases) {
      const auto part = rest.first(static_cast<std::size_t>(base.bytes));
      store_.contents().read(base.content, part);
      rest = rest.subspan(part.size());
    }
    return prefix;
  }

  PackRecord spool(const PlannedPack& planned, std::size_t index, Progress& progress) const {
    PackRecord pack{Codec::zstd, 0, 0, 0};
    for (const auto& content : planned.contents) pack.expanded_bytes += content.bytes;
    const Bytes prefix = prefix_of(planned);
    const Fd file = open_file(spool_path(index), O_RDWR | O_CREAT | O_TRUNC, 0600);
    {
      PackWriter writer(effort_, prefix, pack.expanded_bytes, file);
      for (const auto& content : planned.contents)
        store_.contents().read(content.content, content.bytes, [&](ByteSpan part) {
          writer.add(part);
          progress.add(part.size());
        });
      pack.stored_bytes = writer.finish();
    }
    check(planned, pack, prefix, file);
    return pack;
  }

  /// What the site will do, done here.
  static void check(const PlannedPack& planned, const PackRecord& pack, ByteSpan prefix, const Fd& file) {
    const auto wrong = [&] {
      throw SystemFailure("cannot expand " + file.path() + " again to what went into it", 0, "memory or disk may be failing");
    };
    auto content = planned.contents.begin();
    std::uint64_t done = 0;
    Hasher hasher;
    const auto compare = [&](ByteSpan part) {
      while (!part.empty() && content != planned.contents.end()) {
        const auto here = part.first(static_cast<std::size_t>(std::min<std::uint64_t>(part.size(), content->bytes - done)));
        hasher.add(here);
        done += here.size();
        part = part.subspan(here.size());
        if (done < content->bytes) break;
        if (hasher.finish() != content->content) wrong();
        hasher = Hasher();
        done = 0;
        ++content;
      }
    };
    const auto stored = [&](std::uint64_t at, std::span<std::byte> out) { read_exactly(file, at, out); };
    if (!expand_pack(pack, stored, prefix, compare) || content != planned.contents.end()) wrong();
  }

  void record(const PlannedPack& planned, std::size_t index, PackRecord pack) {
    const auto number = static_cast<std::uint32_t>(out_.tables.packs.size());
    pack.payload_offset = out_.payload.bytes();
    std::uint64_t offset = 0;
    for (const auto& content : planned.contents) {
      out_.tables.objects.push_back({content.content, content.bytes, number, offset});
      offset += content.bytes;
    }
    for (const auto& base : planned.bases) out_.tables.bases.push_back({number, base.content, base.bytes});
    out_.payload.append(spool_path(index), 0, pack.stored_bytes);
    out_.tables.packs.push_back(pack);
  }

  Store& store_;
  const Effort effort_;
  Packs& out_;
  std::set<Digest> travelling_;
};

std::vector<RecipeRecord> records_of(const std::vector<Piece>& pieces) {
  std::vector<RecipeRecord> out;
  for (const auto& [p, travel] : pieces)
    out.push_back(
        {p.archive, travel.recipe.value_or(p.archive), travel.recipe ? RebuildBy::recipe : RebuildBy::verbatim, p.archive_bytes});
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.archive < b.archive; });
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

Packs pack(Store& store, const Missing& missing, const std::vector<Piece>& pieces, Effort effort) {
  Packs out{{}, {}, store.contents().fresh_spool("packs")};
  PackMaker maker(store, effort, out);
  Travelling what = travelling(store, pieces);
  // Recipes come first: they tell which contents are wanted.
  maker.add(plan_packs(std::move(what.recipes), [](const auto&) {}));
  maker.add(plan_packs(std::move(what.contents), [&](const auto& each) { store.each_member(missing.present, each); }));
  for (const auto& piece : pieces)
    if (!piece.travel.recipe) maker.add_verbatim(piece.patchset);
  std::sort(out.tables.objects.begin(), out.tables.objects.end(), [](const auto& a, const auto& b) { return a.hash < b.hash; });
  out.tables.recipes = records_of(pieces);
  return out;
}

}  // namespace patchferry::mirror
