// SPDX-License-Identifier: Apache-2.0
#include "importer/mend.h"

#include "importer/commit.h"
#include "importer/holdings.h"
#include "importer/trees.h"
#include "importer/unpack.h"
#include "importer/work_folder.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr const char* kAskAgain =
    "the next receipt leaves it out, so that the export after it ships it again; or ask for one made with 'patchferry export --full'";

/// A patchset whose contents are not all here, or not known, and what they can be had from.
struct Lacking {
  KnownPatchset patchset;
  bool by_recipe = false;  // else from arch/
};

bool has_lost_recipe(const Site& site, const KnownPatchset& p) { return p.recipe && !is_regular(site.object_path(*p.recipe)); }

std::vector<Lacking> lacking_contents(Site& site) {
  Holdings holdings(site);
  std::vector<Lacking> out;
  for (auto& p : patchsets(site)) {
    if (holdings.has_contents(p) && !has_lost_recipe(site, p)) continue;
    // By its recipe little is read; but for what was lost with a content, only the archive tells.
    const bool by_recipe = p.recipe && holdings.check_parts(p);
    if (by_recipe || in_arch(site, p.name, p.archive_bytes)) out.push_back({std::move(p), by_recipe});
  }
  return out;
}

void put_in_place(Site& site, Trees& trees, const KnownPatchset& p, const PatchsetContents& contents, const std::string& work) {
  // If none was lost, and they were only not known, its tree is good.
  const bool is_renewed = p.unpacked && !folder_entries(work + "/objects").empty();
  trees.renew(work, is_renewed ? std::vector{p.name.patchset.text} : std::vector<std::string>());
  sync_file_system(site.base());  // as in commit(): bytes come before names
  place_objects(site, work);
  sync_file_system(site.base());
  Transaction transaction(site.db());
  record_contents(site, p.name.patchset.text, contents.all);
  if (has_lost_recipe(site, p)) do_without_recipe(site, p.id);  // so it was taken from arch/, whose archive is whole
  transaction.commit();
}

}  // namespace

void mend_contents(Site& site, ArchivesReport& report) {
  const auto lacking = lacking_contents(site);
  if (lacking.empty()) return;
  std::uint64_t total = 0;
  for (const auto& one : lacking) total += one.patchset.archive_bytes;
  Progress progress("taking contents out of archives", total);
  const std::string work = site.quarantine() + "/mend";
  Trees trees(site);
  for (const auto& [p, by_recipe] : lacking) {
    const std::string failed = "cannot take the contents out of " + p.name.file + " again: ";
    remove_tree(work);
    make_folders(work, 0700);
    try {
      auto contents = by_recipe ? take_by_recipe(site, p, work) : take_from_arch(site, p, work);
      progress.add(p.archive_bytes);
      if (contents) {
        put_in_place(site, trees, p, *contents, work);
        report.mended.push_back(p.name.patchset.text);
      } else {
        const Refusal& why = contents.error();
        report.failed.push_back({p.name.patchset.text, why.kind, failed + why.text, why.hint.empty() ? kAskAgain : why.hint});
      }
    } catch (const SystemFailure& why) {
      report.failed.push_back({p.name.patchset.text, std::nullopt, failed + why.what(), why.hint()});
      break;  // most likely the disk is full, for the next one too
    }
  }
  for (auto& failure : trees.failures()) report.failed.push_back(std::move(failure));
  remove_tree(work);
}

void mend_trees(Site& site, ArchivesReport& report) {
  for (const auto& p : patchsets(site)) {
    if (!p.unpacked || has_tree(site, p)) continue;
    const std::string& name = p.name.patchset.text;
    const WorkFolder folder(site, "mend");
    auto made = lay_out_stored(site, {p}, folder.path());
    if (!made) {
      const Refusal& why = made.error();
      report.failed.push_back({name, why.kind, "cannot lay out " + site.resources(name) + " again: " + why.text,
                               why.hint.empty() ? kAskAgain : why.hint});
      continue;
    }
    Change change;
    change.what = "archives";
    change.detail = "tree laid out again: " + name;
    change.counts_patchsets = false;
    change.work = folder.path();
    change.laid_out = std::move(*made);
    for (auto& failure : commit(site, change)) report.failed.push_back(std::move(failure));
    report.mended.push_back(name);
  }
}

}  // namespace patchferry::importer
