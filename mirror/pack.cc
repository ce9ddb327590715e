// SPDX-License-Identifier: Apache-2.0
#include "mirror/pack.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <set>

#include "system/failure.h"
#include "system/parallel.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

/// Fills in what each patchset is the first to fix, kernels by index into one sorted list.
void describe_fixes(Store& store, const Missing& missing, Manifest& manifest) {
  std::vector<std::vector<FirstFix>> fixes;
  std::set<std::string> kernels;
  for (const auto& patchset : missing.patchsets) {
    fixes.push_back(store.first_fixes(patchset.id));
    for (const auto& fix : fixes.back()) kernels.insert(fix.kernel);
  }
  manifest.kernels.assign(kernels.begin(), kernels.end());
  for (std::size_t i = 0; i < fixes.size(); ++i) {
    auto& out = manifest.patchsets[i].fixes;
    for (const auto& fix : fixes[i]) {
      if (out.empty() || out.back().cve != fix.cve) out.push_back({fix.cve, 0, {}});
      out.back().cvss_tenths = std::max(out.back().cvss_tenths, fix.cvss_tenths);
      const auto at = std::lower_bound(manifest.kernels.begin(), manifest.kernels.end(), fix.kernel) - manifest.kernels.begin();
      out.back().kernels.push_back(static_cast<std::uint32_t>(at));
    }
  }
}

/// What is about to be signed is what was added.
void check_archives(Store& store, const Missing& missing) {
  std::uint64_t total = 0;
  for (const auto& p : missing.patchsets) total += p.archive_bytes;
  Progress progress("checking archives", total);
  parallel_for(missing.patchsets.size(), [&](std::size_t i) {
    const auto& p = missing.patchsets[i];
    const std::string path = store.archive_path(p.name.file);
    if (!exists(path))
      throw SystemFailure("cannot ship " + path + ": it is not there any more", ENOENT,
                          "give the vendor's archive to 'patchferry mirror add' once more, then export again");
    const Fd file = open_file(path, O_RDONLY);
    if (hash_file(file, [&](std::uint64_t n) { progress.add(n); }) != p.archive)
      throw SystemFailure(
          "cannot ship " + path + ": its bytes are no longer those that were added", 0,
          "the disk may be failing; give the vendor's archive to 'patchferry mirror add' once more, then export again");
  });
}

}  // namespace

Packs pack(Store& store, const Missing& missing) {
  check_archives(store, missing);
  Packs out;
  std::set<Digest> travelling;  // two patchsets may be one archive
  for (const auto& p : missing.patchsets) {
    ManifestPatchset entry;
    entry.name = p.name;
    entry.archive = p.archive;
    entry.archive_bytes = p.archive_bytes;
    entry.expanded_bytes = p.expanded_bytes;
    entry.first_seen = p.first_seen;
    out.manifest.patchsets.push_back(std::move(entry));
    out.expanded_bytes += p.expanded_bytes;
    if (!travelling.insert(p.archive).second) continue;

    const auto pack_index = static_cast<std::uint32_t>(out.tables.packs.size());
    out.tables.packs.push_back({Codec::stored, out.payload.bytes(), p.archive_bytes, p.archive_bytes});
    out.tables.objects.push_back({p.archive, p.archive_bytes, pack_index, 0});
    out.tables.recipes.push_back({p.archive, p.archive, RebuildBy::verbatim, p.archive_bytes});
    out.payload.append(store.archive_path(p.name.file), 0, p.archive_bytes);
    out.expanded_bytes += p.archive_bytes;
  }
  std::sort(out.tables.objects.begin(), out.tables.objects.end(), [](const auto& a, const auto& b) { return a.hash < b.hash; });
  std::sort(out.tables.recipes.begin(), out.tables.recipes.end(),
            [](const auto& a, const auto& b) { return a.archive < b.archive; });
  describe_fixes(store, missing, out.manifest);
  return out;
}

}  // namespace patchferry::mirror
