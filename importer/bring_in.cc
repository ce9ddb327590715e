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
#include "unpacker/unpacker.h"

namespace patchferry::importer {

namespace {

/// Recipes up to this size are worked on a core each; of larger ones one at a time, since each may take kMaxRecipe of memory.
constexpr std::uint64_t kSmallRecipe = 4 << 20;

/// A patchset that the bundle brings, and how.
struct Wanted {
  const ManifestPatchset* patchset = nullptr;
  const RecipeRecord* recipe = nullptr;
  std::uint64_t recipe_bytes = 0;
  bool is_fresh = true;     // else it is known here, and not wholly held
  bool is_unpacked = true;  // has a tree in resources/
  bool is_verbatim() const { return recipe->by == RebuildBy::verbatim; }
};

Result<Wanted> find_in(const StagedBundle& staged, const ManifestPatchset& patchset, bool is_fresh) {
  const RecipeRecord* recipe = find_recipe(staged.tables, patchset.archive);
  if (recipe == nullptr || recipe->archive_bytes != patchset.archive_bytes)
    return refuse(RefusalKind::incomplete, "the bundle does not hold the archive of " + patchset.name.patchset.text,
                  "ask for a bundle made with 'patchferry export --full'");
  // decode_tables() has seen that the object is there.
  return Wanted{&patchset, recipe, find_object(staged.tables, recipe->recipe)->bytes, is_fresh, true};
}

Result<std::vector<Wanted>> find_all(Site& site, const StagedBundle& staged, const Plan& plan) {
  std::vector<Wanted> out;
  for (const auto* list : {&plan.fresh, &plan.restored}) {
    for (const auto& patchset : *list) {
      auto one = find_in(staged, patchset, list == &plan.fresh);
      if (!one) return tl::unexpected(std::move(one.error()));
      // What is known keeps its place: a tree that links to what was lost or has rotted is laid out anew.
      if (!one->is_fresh) one->is_unpacked = find_patchset(site, patchset.name.patchset.text)->unpacked;
      out.push_back(*one);
    }
  }
  return out;
}

/// What will be written, as far as it is known. `more`: beside what comes out of packs.
Result<BytesNeeded> bytes_needed(PackExpander& packs, const std::vector<Wanted>& all, ArchiveMode mode, std::uint64_t more) {
  const auto expanded = packs.bytes_needed();
  if (!expanded) return tl::unexpected(expanded.error());
  BytesNeeded out{*expanded + more, 0, 0};
  for (const auto& one : all) {
    if (one.is_verbatim()) out.verbatim += one.patchset->archive_bytes;
    if (!one.is_verbatim() && mode == ArchiveMode::now) out.rebuilt += one.patchset->archive_bytes;
  }
  return out;
}

/// Recipes and whole archives first: only a recipe tells which contents its archive needs.
Result<void> bring_objects(PackExpander& packs, const std::vector<Wanted>& all, ArchiveMode mode, const Reserve& reserve) {
  std::uint64_t to_lay_out = 0;  // small files and whole archives, file by file
  for (const auto& one : all) {
    const auto& record = *one.recipe;
    auto good = one.is_verbatim() ? packs.want_archive(record.archive, record.archive_bytes, one.patchset->name.file)
                                  : packs.want(record.recipe, one.recipe_bytes);
    if (!good) return good;
    if (one.is_verbatim()) to_lay_out += one.patchset->expanded_bytes;
  }
  const auto first = bytes_needed(packs, all, mode, to_lay_out);
  if (!first) return tl::unexpected(first.error());
  reserve(*first);
  if (auto good = packs.run(); !good) return good;
  for (const auto& one : all) {
    if (one.is_verbatim()) continue;
    const auto recipe = packs.objects().recipe(one.recipe->recipe);
    if (!recipe) return tl::unexpected(Refusal(recipe.error()).in(one.patchset->name.file));
    to_lay_out += recipe->literals.size();
    auto good = for_each_content(*recipe, [&](const Digest& hash, std::uint64_t bytes) { return packs.want(hash, bytes); });
    if (!good) return tl::unexpected(std::move(good.error()).in(one.patchset->name.file));
  }
  const auto rest = bytes_needed(packs, all, mode, to_lay_out);
  if (!rest) return tl::unexpected(rest.error());
  reserve(*rest);
  return packs.run();
}

/// The objects of a patchset and its tree.
Result<PatchsetContents> lay_out_one(const Site& site, const Objects& objects, const Wanted& one, const std::string& work,
                                     const std::function<void(std::uint64_t)>& on_read) {
  const ManifestPatchset& p = *one.patchset;
  const ArchiveLimits limits{p.expanded_bytes};
  if (one.is_verbatim()) {
    const Fd archive = open_file(work + "/arch/" + p.name.file, O_RDONLY);
    return one.is_unpacked ? unpack(site, archive, p.name, limits, work, on_read)
                           : keep_contents(site, archive, p.name, limits, work, on_read);
  }
  const auto recipe = objects.recipe(one.recipe->recipe);
  if (!recipe) return tl::unexpected(recipe.error());
  RecipeSource stream(*recipe, objects.opener());
  auto contents =
      one.is_unpacked ? unpack(site, stream, p.name, limits, work) : keep_contents(site, stream, p.name, limits, work);
  on_read(p.archive_bytes);
  return contents;
}

NewPatchset new_patchset(const Wanted& one, const Plan& plan, ArchiveMode mode, PatchsetContents contents) {
  NewPatchset out;
  out.name = one.patchset->name;
  out.archive = one.patchset->archive;
  out.archive_bytes = one.patchset->archive_bytes;
  out.origin = plan.origin;
  out.channel = one.patchset->channel;
  out.contents = std::move(contents);
  if (!one.is_verbatim()) {
    out.recipe = one.recipe->recipe;
    out.archive_state = mode == ArchiveMode::never ? ArchiveState::never : ArchiveState::pending;
  }
  return out;
}

Restored restored_patchset(const Wanted& one, PatchsetContents contents) {
  return {one.patchset->name, one.is_verbatim() ? std::nullopt : std::optional(one.recipe->recipe), std::move(contents),
          one.is_unpacked, one.patchset->channel};
}

/// A patchset a core.
Result<std::vector<PatchsetContents>> lay_out_all(const Site& site, const Objects& objects, const std::vector<Wanted>& all,
                                                  const std::string& work) {
  std::uint64_t total = 0;
  for (const auto& one : all) total += one.patchset->archive_bytes;
  Progress progress("unpacking", total);
  std::vector<PatchsetContents> out(all.size());
  std::optional<Refusal> refusal;
  std::uint64_t held = 0;
  std::mutex mutex;
  std::mutex one_large;
  parallel_for(
      all.size(),
      [&](std::size_t i) {
        const Wanted& wanted = all[i];
        std::unique_lock<std::mutex> alone(one_large, std::defer_lock);
        if (!wanted.is_verbatim() && wanted.recipe_bytes > kSmallRecipe) alone.lock();
        auto one = lay_out_one(site, objects, wanted, work, [&](std::uint64_t n) { progress.add(n); });
        const std::lock_guard hold(mutex);
        if (one) held += memory_of(*one);
        if (one && held > kMaxHeld && !refusal)
          refusal = Refusal{RefusalKind::too_large, "pointer files and CVE lists of this bundle are larger than releases need",
                            "do not use it; ask the exporter's people for smaller bundles"};
        if (one)
          out[i] = std::move(*one);
        else if (!refusal)
          refusal = std::move(one.error()).in(wanted.patchset->name.file);
      },
      unpacker::kAtOnce);
  if (refusal) return tl::unexpected(std::move(*refusal));
  return out;
}

}  // namespace

Result<Brought> bring_in(Site& site, const StagedBundle& staged, const Plan& plan, ArchiveMode mode, const std::string& work,
                         const Reserve& reserve) {
  remove_tree(work);  // of a run that was interrupted
  make_folders(work + "/arch", 0700);
  make_folders(work + "/objects", 0700);
  const auto all = find_all(site, staged, plan);
  if (!all) return tl::unexpected(all.error());
  PackExpander packs(site, staged, work);
  if (auto good = bring_objects(packs, *all, mode, reserve); !good) return tl::unexpected(std::move(good.error()));
  auto contents = lay_out_all(site, packs.objects(), *all, work);
  if (!contents) return tl::unexpected(std::move(contents.error()));
  Brought out;
  for (std::size_t i = 0; i < all->size(); ++i) {
    const Wanted& one = (*all)[i];
    if (one.is_fresh)
      out.patchsets.push_back(new_patchset(one, plan, mode, std::move((*contents)[i])));
    else
      out.restored.push_back(restored_patchset(one, std::move((*contents)[i])));
  }
  return out;
}

}  // namespace patchferry::importer
