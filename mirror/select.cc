// SPDX-License-Identifier: Apache-2.0
#include "mirror/select.h"

#include <algorithm>
#include <map>
#include <set>

namespace patchferry::mirror {

namespace {

/// What the site has, by name.
std::map<std::string, Digest> present_at(const SiteState& site) {
  std::map<std::string, Digest> out;
  if (site.receipt)
    for (const auto& p : site.receipt->patchsets) out[p.name] = p.archive;
  for (const auto& p : site.assumed) out[p.name] = p.archive;
  return out;
}

template <class Range>
bool holds(const Range& sorted, const std::string& name) {
  return std::binary_search(sorted.begin(), sorted.end(), name);
}

}  // namespace

Snapshot scan(Store& store) { return {store.patchsets(), store.withdrawn()}; }

SiteState assume_delivered(Store& store, const std::string& site, std::uint64_t keep) {
  SiteState out;
  out.site = site;
  out.basis = SiteState::Basis::shipped;
  const auto shipments = store.shipments(site);
  std::map<std::string, ManifestNeed> assumed;
  std::set<std::string> told;
  for (std::size_t i = 0; i < shipments.size(); ++i) {
    const ShippedBundle& s = shipments[i];
    if (!s.is_full && i + keep >= shipments.size()) continue;
    for (const auto& p : s.patchsets) assumed[p.name] = {p.name, p.archive, s.sequence};
    told.insert(s.withdrawn.begin(), s.withdrawn.end());
    out.root_version = std::max(out.root_version, s.root_version);
  }
  for (auto& [name, need] : assumed) out.assumed.push_back(std::move(need));
  out.told.assign(told.begin(), told.end());
  return out;
}

SiteState state_of_receipt(const Receipt& receipt, const Digest& domain) {
  SiteState out;
  out.site = receipt.site;
  out.basis = SiteState::Basis::receipt;
  out.receipt = receipt;
  out.told = receipt.withdrawn;
  if (const ReceiptDomain* known = receipt.find(domain)) out.root_version = known->version;
  return out;
}

Missing select(const Snapshot& snapshot, SiteState site, std::uint32_t root_version) {
  Missing missing;
  missing.site = std::move(site);
  const auto present = present_at(missing.site);
  const auto& receipt = missing.site.receipt;
  for (const auto& patchset : snapshot.patchsets) {
    const std::string& name = patchset.name.patchset.text;
    if (holds(snapshot.withdrawn, name) || (receipt && holds(receipt->cleaned, name))) continue;
    if (const auto there = present.find(name); there != present.end()) {
      if (there->second == patchset.archive) {
        missing.present.push_back(patchset);
        continue;
      }
      missing.differing.push_back(name);
    }
    if (snapshot.channel.empty() || is_as_stable(patchset.channel, snapshot.channel)) missing.patchsets.push_back(patchset);
  }
  for (const auto& name : snapshot.withdrawn) {
    if (!receipt || !holds(receipt->withdrawn, name)) missing.withdrawn.push_back(name);
    if (missing.site.basis != SiteState::Basis::nothing && !holds(missing.site.told, name)) missing.tells_news = true;
  }
  if (missing.site.basis == SiteState::Basis::nothing) {
    missing.tells_news = !missing.withdrawn.empty();
  } else if (root_version > std::max<std::uint32_t>(missing.site.root_version, 1)) {
    missing.tells_news = true;
  }
  return missing;
}

}  // namespace patchferry::mirror
