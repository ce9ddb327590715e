// SPDX-License-Identifier: Apache-2.0
#include "importer/plan.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>

#include "bundle-format/readme.h"
#include "importer/archives.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

std::string score_text(unsigned tenths) { return tenths == 0 ? "?" : fmt::format("{}.{}", tenths / 10, tenths % 10); }

std::string kernels_text(const std::vector<std::string>& kernels) {
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(kernels.size(), 3); ++i) out += (i == 0 ? "" : ", ") + kernels[i];
  if (kernels.size() > 3) out += fmt::format(" and {} more", kernels.size() - 3);
  return out;
}

std::vector<GainedCve> gained_cves(Site& site, const Manifest& manifest, const std::vector<ManifestPatchset>& fresh) {
  std::map<std::string, GainedCve> by_cve;
  for (const auto& patchset : fresh) {
    for (const auto& fix : patchset.fixes) {
      for (const auto index : fix.kernels) {
        const std::string& kernel = manifest.kernels[index];
        if (closes(site, kernel, fix.cve)) continue;
        GainedCve& gained = by_cve[fix.cve];
        gained.cve = fix.cve;
        gained.cvss_tenths = std::max(gained.cvss_tenths, fix.cvss_tenths);
        gained.kernels.push_back(kernel);
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

}  // namespace

Result<Plan> make_plan(Site& site, const VerifiedBundle& bundle, std::vector<Feed> feeds) {
  const Manifest& manifest = *bundle.manifest();
  Plan plan;
  plan.bundle = to_hex(bundle.statement().bundle.bytes);
  plan.sequence = bundle.statement().sequence;
  plan.origin = {bundle.statement().stream, bundle.statement().epoch, plan.sequence};
  plan.site = manifest.site;
  plan.read_bytes = bundle.statement().payload_bytes;
  plan.fixes_left_out = manifest.fixes_left_out;
  plan.feeds = std::move(feeds);
  for (const auto& p : manifest.patchsets) {
    const auto known = find_patchset(site, p.name.patchset.text);
    if (known && known->archive != p.archive)
      return refuse(RefusalKind::conflict, "the bundle brings other bytes for " + p.name.patchset.text + " than are here",
                    "find out from the vendor's checksums which of the two is right");
    if (known) {
      plan.present.push_back(p.name.patchset.text);
      // What has a recipe is made again from it, for which nothing need be brought; unless part of it is lost.
      if (!in_arch(site, p.name, p.archive_bytes) && !(known->recipe && check_parts(site, *known))) {
        plan.restored.push_back(p);
        plan.write_bytes += p.archive_bytes;
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
  for (const auto& need : manifest.needs) {
    const auto known = find_patchset(site, need.name);
    if (known && known->archive != need.archive)
      return refuse(RefusalKind::conflict, "the bundle builds on other bytes of " + need.name + " than are here",
                    "find out from the vendor's checksums which of the two is right");
    if (!known) plan.needs[need.bundle].push_back(need.name);
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
    if (std::any_of(p.feeds.begin(), p.feeds.end(), [](const auto& feed) { return feed.second == "disabled"; }))
      plan.enabled.push_back(p.name.patchset.text);
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

nlohmann::json plan_json(const Plan& plan) {
  using Json = nlohmann::json;
  Json fresh = Json::array();
  for (const auto& p : plan.fresh) fresh.push_back(p.name.patchset.text);
  Json restored = Json::array();
  for (const auto& p : plan.restored) restored.push_back(p.name.patchset.text);
  Json gained = Json::array();
  for (const auto& g : plan.gained) {
    Json one = {{"cve", g.cve}, {"kernels", g.kernels}};
    one["cvss"] = g.cvss_tenths == 0 ? Json(nullptr) : Json(g.cvss_tenths / 10.0);
    gained.push_back(std::move(one));
  }
  Json feeds = Json::object();
  Json enable = Json::array();
  for (const auto& p : plan.fresh)
    if (std::find(plan.refused.begin(), plan.refused.end(), p.name.patchset.text) == plan.refused.end())
      enable.push_back(p.name.patchset.text);
  for (const auto& name : plan.enabled) enable.push_back(name);
  std::vector<std::string> disable = plan.withdrawn;
  disable.insert(disable.end(), plan.disabled.begin(), plan.disabled.end());
  for (const auto& feed : plan.feeds) feeds[feed.name] = {{"enable", enable}, {"disable", disable}};
  Json needs = Json::array();
  for (const auto& [bundle, names] : plan.needs) needs.push_back({{"bundle", bundle}, {"patchsets", names}});
  return {{"bundle", plan.bundle},
          {"sequence", plan.sequence},
          {"site", plan.site},
          {"patchsets", {{"new", fresh}, {"present", plan.present}, {"withdrawn", plan.withdrawn}, {"restored", restored}}},
          {"cves", {{"gained", gained}}},
          {"bytes", {{"read", plan.read_bytes}, {"write", plan.write_bytes}}},
          {"needs", needs},
          {"rollback", plan.is_rollback},
          {"feeds", feeds}};
}

void print_plan(const Plan& plan) {
  for (const auto& name : plan.withdrawn) print("WITHDRAWN BY THE VENDOR: " + name + " is disabled in every feed, for good");
  for (const auto& name : plan.disabled) print("ROLLBACK: " + name + " is disabled in every feed");
  for (const auto& name : plan.enabled) print("ROLLBACK: " + name + " is enabled again");
  print(fmt::format("Bundle {} for site {}: {} to bring in, {} here already, {} withdrawn", plan.sequence, plan.site,
                    count_text(plan.fresh.size(), "patchset"), plan.present.size(), plan.withdrawn.size()));
  print(fmt::format("  reads {} from the medium, writes at most {}", size_text(plan.read_bytes), size_text(plan.write_bytes)));
  std::vector<std::vector<std::string>> rows;
  for (const auto& p : plan.fresh)
    rows.push_back(
        {p.name.patchset.text, p.name.patchset.product, to_text(p.name.patchset.released), size_text(p.archive_bytes)});
  if (!rows.empty()) print_table({"NEW PATCHSET", "PRODUCT", "RELEASED", "SIZE"}, rows);
  for (const auto& p : plan.restored) print("put back into arch/, where it is missing or damaged: " + p.name.file);
  for (const auto& name : plan.refused) print("withdrawn by the vendor before it came, so not enabled: " + name);
  std::string names;
  for (const auto& feed : plan.feeds) names += (names.empty() ? "" : ", ") + feed.name;
  if (!plan.fresh.empty()) print(names.empty() ? "No feed takes them by itself." : "They are enabled in feed " + names + ".");
  if (plan.fixes_left_out) return print("The exporter left out the summary of CVEs: it would have been too long.");
  if (plan.gained.empty()) return;
  print(count_text(plan.gained.size(), "CVE") + " newly closed:");
  rows.clear();
  for (const auto& g : plan.gained) rows.push_back({g.cve, score_text(g.cvss_tenths), kernels_text(g.kernels)});
  print_table({"CVE", "CVSS", "KERNELS"}, rows);
}

}  // namespace patchferry::importer
