// SPDX-License-Identifier: Apache-2.0
#include "importer/plan.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "bundle-format/readme.h"
#include "importer/cleaned.h"
#include "importer/holdings.h"
#include "system/calendar.h"

namespace patchferry::importer {

namespace {

std::vector<GainedCve> gained_cves(Site& site, const Manifest& manifest, const std::vector<ManifestPatchset>& fresh) {
  std::map<std::string, GainedCve> by_cve;
  for (const auto& patchset : fresh) {
    for (const auto& fix : patchset.fixes) {
      for (const auto index : fix.kernels) {
        if (closes(site, manifest.kernels[index], fix.cve)) continue;
        GainedCve& gained = by_cve[fix.cve];
        gained.cve = fix.cve;
        gained.cvss_tenths = std::max(gained.cvss_tenths, fix.cvss_tenths);
        gained.kernels.push_back(index);
      }
    }
  }
  std::vector<GainedCve> out;
  for (auto& [cve, gained] : by_cve) {
    std::sort(gained.kernels.begin(), gained.kernels.end());
    gained.kernels.erase(std::unique(gained.kernels.begin(), gained.kernels.end()), gained.kernels.end());
    out.push_back(std::move(gained));
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.cvss_tenths > b.cvss_tenths; });
  return out;
}

/// What a bundle brings or builds on; to go back to it leaves these as they are, whatever brought them here.
std::set<std::string> belonging_to(const Manifest& manifest) {
  std::set<std::string> out;
  for (const auto& p : manifest.patchsets) out.insert(p.name.patchset.text);
  for (const auto& need : manifest.needs) out.insert(need.name);
  return out;
}

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// As it will be once it is recorded (record_patchset), as far as the manifest tells.
Offered offered(Site& site, const Manifest& manifest, const ManifestPatchset& patchset) {
  Offered out;
  out.what.name = patchset.name.patchset;
  out.what.arrived = now();
  out.what.channel = patchset.channel;
  for (const auto& fix : patchset.fixes)
    if (std::any_of(fix.kernels.begin(), fix.kernels.end(),
                    [&](std::uint32_t kernel) { return !closes(site, manifest.kernels[kernel], fix.cve); }))
      out.what.cvss_tenths = std::max(out.what.cvss_tenths, fix.cvss_tenths);
  return out;
}

/// How what is, or was, here under a name stands to the archive that a bundle speaks of.
enum class Standing {
  absent,
  same,      // is here
  was_here,  // and was cleaned away
  replaced,  // something else is here, for which nobody has signed
  conflict,  // something else is, or was, here, and somebody has signed for it
};

Standing standing_of(Site& site, const std::optional<KnownPatchset>& known, const std::string& name, const Digest& archive) {
  if (known && known->archive == archive) return Standing::same;
  if (known) return is_signed(*known) ? Standing::conflict : Standing::replaced;
  const auto cleaned = cleaned_patchset(site, name);
  if (!cleaned) return Standing::absent;
  if (cleaned->archive == archive) return Standing::was_here;
  return cleaned->is_signed ? Standing::conflict : Standing::absent;
}

/// What a person has said of a patchset in a feed stands for what takes its place, as commit() has it.
void leave_kept_out(Site& site, Plan& plan) {
  for (const auto& name : plan.replaced) {
    const auto known = find_patchset(site, name);
    for (const auto& feed : plan.takers.ruled) {
      if (!is_decided(site, feed, known->id) || state_in(site, feed, known->id) == FeedState::enabled) continue;
      std::erase_if(plan.judged, [&](const Judged& one) { return one.feed.id == feed.id && one.name == name; });
    }
  }
}

}  // namespace

Result<Plan> make_plan(Site& site, const VerifiedBundle& bundle, Takers takers) {
  const Manifest& manifest = *bundle.manifest();
  Holdings holdings(site);
  Plan plan;
  plan.bundle = to_hex(bundle.statement().bundle.bytes);
  plan.sequence = bundle.statement().sequence;
  plan.origin = {bundle.statement().stream, bundle.statement().epoch, plan.sequence};
  plan.site = manifest.site;
  plan.kernels = manifest.kernels;
  plan.credentials = credentials_of(bundle);
  plan.read_bytes = bundle.statement().payload_bytes;
  plan.fixes_left_out = manifest.fixes_left_out;
  plan.takers = std::move(takers);
  std::vector<Offered> on_offer;
  for (const auto& p : manifest.patchsets) {
    const auto known = find_patchset(site, p.name.patchset.text);
    const Standing standing = standing_of(site, known, p.name.patchset.text, p.archive);
    if (standing == Standing::conflict)
      return refuse(RefusalKind::conflict,
                    "the bundle brings other bytes for " + p.name.patchset.text + (known ? " than are here" : " than were here"),
                    "find out from the vendor's checksums which of the two is right");
    const bool is_replaced = standing == Standing::replaced;
    if (is_replaced) plan.replaced.push_back(p.name.patchset.text);
    if (known && !is_replaced) {
      plan.present.push_back(p.name.patchset.text);
      if (known->unpacked && !known->withdrawn) {
        plan.offered.push_back(known->id);
        on_offer.push_back(offered(*known));
      }
      if (!holdings.holds(*known)) {
        plan.restored.push_back(p);
        plan.write_bytes += p.archive_bytes + p.expanded_bytes;
      }
      continue;
    }
    plan.fresh.push_back(p);
    plan.write_bytes += p.archive_bytes + p.expanded_bytes;
  }
  for (const auto& name : manifest.withdrawn)
    if (const auto known = find_patchset(site, name); known && !known->withdrawn) plan.withdrawn.push_back(name);
  const auto withdrawn = withdrawn_names(site);
  for (const auto& p : plan.fresh)
    if (const std::string& name = p.name.patchset.text; std::binary_search(withdrawn.begin(), withdrawn.end(), name))
      plan.refused.push_back(name);
  for (const auto& p : plan.fresh)
    if (!is_among(plan.refused, p.name.patchset.text) && !is_among(manifest.withdrawn, p.name.patchset.text))
      on_offer.push_back(offered(site, manifest, p));
  std::erase_if(on_offer, [&](const Offered& one) { return is_among(manifest.withdrawn, one.what.name.text); });
  std::sort(on_offer.begin(), on_offer.end(), [](const auto& a, const auto& b) { return a.what.name < b.what.name; });
  for (const auto& feed : plan.takers.by_hand)
    for (const auto& one : on_offer)
      if (one.id == 0 || !is_decided(site, feed, one.id)) plan.judged.push_back({feed, one.id, one.what.name.text, {}, {}});
  for (auto& one : judge_offered(site, plan.takers.ruled, on_offer, plan.takers.by_hand)) plan.judged.push_back(std::move(one));
  leave_kept_out(site, plan);
  for (const auto& need : manifest.needs) {
    const auto known = find_patchset(site, need.name);
    const Standing standing = standing_of(site, known, need.name, need.archive);
    if (standing == Standing::conflict)
      return refuse(RefusalKind::conflict,
                    "the bundle builds on other bytes of " + need.name + (known ? " than are here" : " than were here"),
                    "find out from the vendor's checksums which of the two is right");
    if (standing == Standing::absent || standing == Standing::replaced) plan.needs[need.bundle].push_back(need.name);
  }
  plan.gained = gained_cves(site, manifest, plan.fresh);
  return plan;
}

void plan_rollback(Site& site, const Manifest& manifest, Plan& plan) {
  plan.is_rollback = true;
  const auto belonging = belonging_to(manifest);
  plan.disabled = newer_than(site, plan.origin, belonging);
  for (const auto& p : patchsets(site)) {
    if (p.withdrawn || belonging.count(p.name.patchset.text) == 0) continue;
    const RollIn effect = would_roll_in(site, p.id);
    if (effect == RollIn::enables) plan.enabled.push_back(p.name.patchset.text);
    if (effect != RollIn::nothing) plan.rolled_in.push_back(p.name.patchset.text);
  }
}

Findings report_needs(const Plan& plan) {
  Findings out;
  for (const auto& [bundle, names] : plan.needs) {
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 3); ++i) text += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > 3) text += fmt::format(" and {} more", names.size() - 3);
    out.push_back({RefusalKind::incomplete,
                   fmt::format("it builds on {}, which bundle {} brings, and which is not here", text, bundle),
                   fmt::format("bring bundle {} ({}) and import it first", bundle, bundle_folder_name(plan.site, bundle))});
  }
  return out;
}

}  // namespace patchferry::importer
