// SPDX-License-Identifier: Apache-2.0
#include "mirror/describe.h"

#include <algorithm>
#include <set>

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

}  // namespace

Manifest describe(Store& store, const Missing& missing) {
  Manifest out;
  for (const auto& p : missing.patchsets) {
    ManifestPatchset entry;
    entry.name = p.name;
    entry.archive = p.archive;
    entry.archive_bytes = p.archive_bytes;
    entry.expanded_bytes = p.expanded_bytes;
    entry.first_seen = p.first_seen;
    entry.channel = p.channel;
    out.patchsets.push_back(std::move(entry));
  }
  describe_fixes(store, missing, out);
  out.withdrawn = missing.withdrawn;
  out.needs = missing.site.assumed;
  return out;
}

}  // namespace patchferry::mirror
