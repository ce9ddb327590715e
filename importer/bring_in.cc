// SPDX-License-Identifier: Apache-2.0
#include "importer/bring_in.h"

#include <algorithm>
#include <fcntl.h>
#include <mutex>

#include "importer/expand.h"
#include "importer/unpack.h"
#include "system/file.h"
#include "system/parallel.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

/// Recipes up to this size are worked on a core each; of larger ones one at a time, since each may take kMaxRecipe of memory.
constexpr std::uint64_t kSmallRecipe = 4 << 20;

/// A patchset that the bundle brings, and how.
struct Wanted {
  const ManifestPatchset* patchset = nullptr;
  const RecipeRecord* recipe = nullptr;
  std::uint64_t recipe_bytes = 0;
  bool is_verbatim() const { return recipe->by == RebuildBy::verbatim; }
};

Result<Wanted> find_in(const StagedBundle& staged, const ManifestPatchset& patchset) {
  const RecipeRecord* recipe = find_recipe(staged.tables, patchset.archive);
  if (recipe == nullptr || recipe->archive_bytes != patchset.archive_bytes)
    return refuse(RefusalKind::incomplete, "the bundle does not hold the archive of " + patchset.name.patchset.text,
                  "ask for a bundle made with 'patchferry export --full'");
  return Wanted{&patchset, recipe,
                find_object(staged.tables, recipe->recipe)->bytes};  // decode_tables() has seen that it is there
}

Result<std::vector<Wanted>> find_all(const StagedBundle& staged, const Plan& plan) {
  std::vector<Wanted> out;
  for (const auto* list : {&plan.fresh, &plan.restored}) {
    for (const auto& patchset : *list) {
      auto one = find_in(staged, patchset);
      if (!one) return tl::unexpected(std::move(one.error()));
      out.push_back(*one);
    }
  }
  return out;
}

/// Recipes and whole archives first: only a recipe tells which contents its archive needs.
Result<void> bring_objects(PackExpander& packs, const std::vector<Wanted>& all) {
  for (const auto& one : all) {
    const auto& record = *one.recipe;
    auto good = one.is_verbatim() ? packs.want_archive(record.archive, record.archive_bytes, one.patchset->name.file)
                                  : packs.want(record.recipe, one.recipe_bytes);
    if (!good) return good;
  }
  if (auto good = packs.run(); !good) return good;
  for (const auto& one : all) {
    if (one.is_verbatim()) continue;
    const auto recipe = packs.objects().recipe(one.recipe->recipe);
    if (!recipe) return tl::unexpected(Refusal(recipe.error()).in(one.patchset->name.file));
    for (const auto& part : recipe->parts)
      if (part.is_content)
        if (auto good = packs.want(recipe->contents[static_cast<std::size_t>(part.contents)], part.bytes); !good)
          return tl::unexpected(std::move(good.error()).in(one.patchset->name.file));
  }
  return packs.run();
}

Result<PatchsetContents> lay_out_one(const Site& site, const Objects& objects, const Wanted& one, const std::string& work,
                                     const std::function<void(std::uint64_t)>& on_read) {
  const ManifestPatchset& p = *one.patchset;
  const ArchiveLimits limits{p.expanded_bytes};
  if (one.is_verbatim()) {
    const Fd archive = open_file(work + "/arch/" + p.name.file, O_RDONLY);
    return unpack(site, archive, p.name, limits, work, on_read);
  }
  const auto recipe = objects.recipe(one.recipe->recipe);
  if (!recipe) return tl::unexpected(recipe.error());
  RecipeSource stream(*recipe, objects.opener());
  auto contents = unpack(site, stream, p.name, limits, work);
  on_read(p.archive_bytes);
  return contents;
}

Result<NewPatchset> bring_in_one(const Site& site, const Objects& objects, const Wanted& one, const Plan& plan, ArchiveMode mode,
                                 const std::string& work, const std::function<void(std::uint64_t)>& on_read) {
  auto contents = lay_out_one(site, objects, one, work, on_read);
  if (!contents) return tl::unexpected(std::move(contents.error()).in(one.patchset->name.file));
  NewPatchset out;
  out.name = one.patchset->name;
  out.archive = one.patchset->archive;
  out.archive_bytes = one.patchset->archive_bytes;
  out.origin = plan.origin;
  out.contents = std::move(*contents);
  if (!one.is_verbatim()) {
    out.recipe = one.recipe->recipe;
    out.archive_state = mode == ArchiveMode::never ? ArchiveState::never : ArchiveState::pending;
  }
  return out;
}

}  // namespace

Result<Brought> bring_in(const Site& site, const StagedBundle& staged, const Plan& plan, ArchiveMode mode,
                         const std::string& work) {
  remove_tree(work);  // of a run that was interrupted
  make_folders(work + "/arch", 0700);
  make_folders(work + "/objects", 0700);
  const auto all = find_all(staged, plan);
  if (!all) return tl::unexpected(all.error());
  PackExpander packs(site, staged, work);
  if (auto good = bring_objects(packs, *all); !good) return tl::unexpected(std::move(good.error()));

  std::uint64_t total = 0;
  for (const auto& p : plan.fresh) total += p.archive_bytes;
  Progress progress("unpacking", total);
  Brought out;
  out.patchsets.resize(plan.fresh.size());
  std::optional<Refusal> refusal;
  std::mutex mutex;
  std::mutex one_large;
  parallel_for(plan.fresh.size(), [&](std::size_t i) {
    const Wanted& wanted = (*all)[i];  // fresh ones come first
    std::unique_lock<std::mutex> alone(one_large, std::defer_lock);
    if (!wanted.is_verbatim() && wanted.recipe_bytes > kSmallRecipe) alone.lock();
    auto one = bring_in_one(site, packs.objects(), wanted, plan, mode, work, [&](std::uint64_t n) { progress.add(n); });
    const std::lock_guard hold(mutex);
    if (one)
      out.patchsets[i] = std::move(*one);
    else if (!refusal)
      refusal = std::move(one.error());
  });
  if (refusal) return tl::unexpected(std::move(*refusal));
  for (std::size_t i = plan.fresh.size(); i < all->size(); ++i) {
    const Wanted& one = (*all)[i];
    out.restored.push_back({one.patchset->name, one.is_verbatim() ? std::nullopt : std::optional(one.recipe->recipe)});
  }
  return out;
}

}  // namespace patchferry::importer
