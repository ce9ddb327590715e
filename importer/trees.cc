// SPDX-License-Identifier: Apache-2.0
#include "importer/trees.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <mutex>
#include <set>

#include "importer/objects.h"
#include "importer/unpack.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/parallel.h"
#include "unpacker/unpacker.h"

namespace patchferry::importer {

namespace {

constexpr const char* kFullBundle =
    "a bundle that brings the patchset again lays it out: one made by a new receipt, or with 'patchferry export --full'";

/// What was read is what it is known to hold: a recipe's contents are believed by their names, and may have rotted.
Result<PatchsetContents> compared(Site& site, const KnownPatchset& p, Result<PatchsetContents> contents) {
  if (!contents || !p.contents_known) return contents;
  const auto known = contents_of(site, p);
  const auto& read = contents->all;
  if (std::equal(known.begin(), known.end(), read.begin(), read.end(),
                 [](const Content& a, const Content& b) { return a.hash == b.hash && a.bytes == b.bytes; }))
    return contents;
  for (const auto& one : known)
    if (const std::string path = site.object_path(one.hash); is_regular(path) && hash_file(open_file(path, O_RDONLY)) != one.hash)
      return refuse(RefusalKind::damaged, path + " has changed on this disk",
                    std::string("is the disk failing? Take that file away; ") + kFullBundle);
  return refuse(RefusalKind::damaged, "what its recipe describes is not what it is known to hold", kFullBundle);
}

std::set<Digest> objects_in(const std::string& work) {
  std::set<Digest> out;
  if (!is_folder(work + "/objects")) return out;
  for (const auto& name : folder_entries(work + "/objects"))
    if (const auto hash = array_from_hex<32>(name)) out.insert(*hash);
  return out;
}

/// Deployed ones with one of these contents: row ids.
std::set<std::int64_t> holders(Site& site, const std::set<Digest>& contents) {
  std::set<std::int64_t> out;
  if (contents.empty()) return out;
  Query all(
      site.db(),
      "SELECT content.patchset, content.sha256 FROM content JOIN patchset ON patchset.id=content.patchset WHERE unpacked=1");
  while (all.step())
    if (out.count(all.integer(0)) == 0 && contents.count(all.array<32>(1)) != 0) out.insert(all.integer(0));
  return out;
}

std::string tree_in(const std::string& work, const std::string& name) { return work + "/resources/" + name; }

}  // namespace

Result<PatchsetContents> take_by_recipe(Site& site, const KnownPatchset& p, const std::string& work) {
  const Objects objects(site, work + "/objects");
  const auto recipe = objects.recipe(*p.recipe);
  if (!recipe) return tl::unexpected(recipe.error());
  RecipeSource stream(*recipe, objects.opener());
  const ArchiveLimits limits{p.expanded_bytes};
  return compared(site, p,
                  p.unpacked ? unpack(site, stream, p.name, limits, work) : keep_contents(site, stream, p.name, limits, work));
}

Result<PatchsetContents> take_from_arch(Site& site, const KnownPatchset& p, const std::string& work) {
  const std::string path = site.arch() + "/" + p.name.file;
  const Fd archive = open_file(path, O_RDONLY);
  if (hash_file(archive) != p.archive)
    return refuse(
        RefusalKind::damaged, path + " has changed on this disk",
        "is the disk failing? Take that file away; the next receipt leaves it out, so that the export after it ships it "
        "again; or ask for one made with 'patchferry export --full'");
  const ArchiveLimits limits{p.expanded_bytes};
  return p.unpacked ? unpack(site, archive, p.name, limits, work, {}) : keep_contents(site, archive, p.name, limits, work);
}

Result<std::vector<LaidOut>> lay_out_stored(Site& site, const std::vector<KnownPatchset>& patchsets, const std::string& work) {
  std::vector<LaidOut> out(patchsets.size());
  std::optional<Refusal> refusal;
  std::mutex mutex;
  parallel_for(
      patchsets.size(),
      [&](std::size_t i) {
        KnownPatchset p = patchsets[i];
        p.unpacked = true;
        Result<PatchsetContents> made =
            refuse(RefusalKind::incomplete, "its archive is not in arch/, and it has no recipe", kFullBundle);
        if (p.recipe) made = take_by_recipe(site, p, work);
        if (!made && in_arch(site, p.name, p.archive_bytes)) {
          remove_tree(tree_in(work, p.name.patchset.text));
          made = take_from_arch(site, p, work);
        }
        const std::lock_guard hold(mutex);
        if (made)
          out[i] = {p.id, p.name.patchset.text, std::move(*made)};
        else if (!refusal)
          refusal = std::move(made.error()).in(p.name.file);
      },
      unpacker::kAtOnce);
  if (refusal) return tl::unexpected(std::move(*refusal));
  return out;
}

void Trees::renew(const std::string& work, std::vector<std::string> laid_out) {
  const auto all = patchsets(site_);
  std::set<std::int64_t> seen;
  for (const auto& p : all)
    if (std::find(laid_out.begin(), laid_out.end(), p.name.patchset.text) != laid_out.end()) seen.insert(p.id);
  // To lay one out may bring more contents back, which others have.
  for (bool more = true; more;) {
    more = false;
    const auto wanted = holders(site_, objects_in(work));
    for (const auto& p : all) {
      if (wanted.count(p.id) == 0 || !seen.insert(p.id).second) continue;
      lay_out(p, work, laid_out);
      more = true;
    }
  }
  if (laid_out.empty()) return;
  sync_file_system(site_.base());  // bytes come before names
  for (const auto& name : laid_out) exchange(name, work);
  sync_file_system(site_.base());
  for (const auto& name : laid_out) {
    remove_tree(tree_in(work, name));
    failures_.erase(name);
  }
}

void Trees::lay_out(const KnownPatchset& p, const std::string& work, std::vector<std::string>& laid_out) {
  const std::string& name = p.name.patchset.text;
  const auto attempt = [&](auto take) {
    remove_tree(tree_in(work, name));
    return take(site_, p, work);
  };
  Result<PatchsetContents> made =
      refuse(RefusalKind::incomplete, "it has no recipe, and its archive is not in arch/", kFullBundle);
  if (p.recipe) made = attempt(take_by_recipe);
  if (!made && in_arch(site_, p.name, p.archive_bytes)) made = attempt(take_from_arch);
  if (made) {
    laid_out.push_back(name);
    return;
  }
  remove_tree(tree_in(work, name));
  const Refusal& why = made.error();
  failures_[name] = {
      name, why.kind,
      "cannot lay out " + site_.resources(name) +
          " again, which may link to what a content was before it was put back; feeds serve what is there: " + why.text,
      why.hint.empty() ? kFullBundle : why.hint};
}

void Trees::exchange(const std::string& name, const std::string& work) {
  const std::string from = tree_in(work, name);
  const std::string to = site_.resources(name);
  if (!exists(to)) return rename_path(from, to);
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) return;
  if (errno != EINVAL && errno != ENOSYS) throw_errno("exchange " + from + " and", to);
  // This file system cannot. Killed between the two renames, the next command on the base does the second.
  const std::string old = from + ".old";
  remove_tree(old);
  Query(site_.db(), "INSERT INTO pending_rename(source, target) VALUES(?1,?2)")
      .bind(from.substr(site_.base().size() + 1), "resources/" + name)
      .run();
  rename_path(to, old);
  site_.roll_forward();
  remove_tree(old);
}

std::vector<ArchiveFailure> Trees::failures() const {
  std::vector<ArchiveFailure> out;
  for (const auto& [name, failure] : failures_) out.push_back(failure);
  return out;
}

}  // namespace patchferry::importer
