// SPDX-License-Identifier: Apache-2.0
#include "importer/plan_text.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "importer/waiting_text.h"
#include "system/calendar.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

std::string score_text(unsigned tenths) { return tenths == 0 ? "?" : fmt::format("{}.{}", tenths / 10, tenths % 10); }

std::string kernels_text(const Plan& plan, const GainedCve& gained) {
  std::string out;
  const std::size_t all = gained.kernels.size();
  for (std::size_t i = 0; i < std::min<std::size_t>(all, 3); ++i) out += (i == 0 ? "" : ", ") + plan.kernels[gained.kernels[i]];
  if (all > 3) out += fmt::format(" and {} more", all - 3);
  return out;
}

/// Which feeds take what is new, and what waits there.
void print_takers(const Plan& plan) {
  const auto feeds = plan.takers.all();
  if (feeds.empty() && !plan.fresh.empty()) print("No feed takes them by itself.");
  std::string all;
  std::vector<std::string> rest;
  for (const auto& feed : feeds) {
    std::string taken;
    bool waits = false;
    for (const auto& one : plan.judged) {
      if (one.feed.id != feed.id) continue;
      if (one.verdict.takes())
        taken += (taken.empty() ? "" : ", ") + one.name;
      else
        waits = true;
    }
    if (!waits)
      all += (all.empty() ? "" : ", ") + feed.name;
    else if (!taken.empty())
      rest.push_back("Feed " + feed.name + " takes " + taken + ".");
  }
  if (!plan.fresh.empty() && !all.empty()) print("They are enabled in feed " + all + ".");
  for (const auto& line : rest) print(line);
  for (const auto& one : plan.judged)
    if (!one.verdict.takes()) print("In feed " + one.feed.name + ", " + one.name + " " + one.text + ".");
}

}  // namespace

nlohmann::json plan_json(const Plan& plan) {
  using Json = nlohmann::json;
  Json fresh = Json::array();
  for (const auto& p : plan.fresh) fresh.push_back(p.name.patchset.text);
  Json restored = Json::array();
  for (const auto& p : plan.restored) restored.push_back(p.name.patchset.text);
  Json gained = Json::array();
  for (const auto& g : plan.gained) {
    Json kernels = Json::array();
    for (const auto index : g.kernels) kernels.push_back(plan.kernels[index]);
    Json one = {{"cve", g.cve}, {"kernels", std::move(kernels)}};
    one["cvss"] = g.cvss_tenths == 0 ? Json(nullptr) : Json(g.cvss_tenths / 10.0);
    gained.push_back(std::move(one));
  }
  Json feeds = Json::object();
  std::vector<std::string> disable = plan.withdrawn;
  disable.insert(disable.end(), plan.disabled.begin(), plan.disabled.end());
  for (const auto& feed : plan.takers.all()) {
    Json enable = Json::array();
    auto waiting = Json::array();
    for (const auto& one : plan.judged) {
      if (one.feed.id != feed.id) continue;
      if (one.verdict.takes())
        enable.push_back(one.name);
      else
        waiting.push_back(waiting_json(one));
    }
    for (const auto& name : plan.enabled) enable.push_back(name);
    feeds[feed.name] = {{"enable", enable}, {"disable", disable}, {"waiting", waiting}};
  }
  Json needs = Json::array();
  for (const auto& [bundle, names] : plan.needs) needs.push_back({{"bundle", bundle}, {"patchsets", names}});
  return {{"bundle", plan.bundle},
          {"sequence", plan.sequence},
          {"site", plan.site},
          {"patchsets",
           {{"new", fresh},
            {"present", plan.present},
            {"withdrawn", plan.withdrawn},
            {"restored", restored},
            {"replaced", plan.replaced}}},
          {"cves", {{"gained", gained}}},
          {"bytes", {{"read", plan.read_bytes}, {"write", plan.write_bytes}}},
          {"needs", needs},
          {"rollback", plan.is_rollback},
          {"feeds", feeds}};
}

void print_taken_out(const Plan& plan) {
  for (const auto& name : plan.withdrawn) print("WITHDRAWN BY THE VENDOR: " + name + " is disabled in every feed, for good");
  for (const auto& name : plan.replaced)
    print("REPLACED: another archive is here as " + name + ", for which nobody has signed: it goes to the trash");
  for (const auto& name : plan.disabled) print("ROLLBACK: " + name + " is disabled in every feed");
  for (const auto& name : plan.enabled) print("ROLLBACK: " + name + " is enabled again");
}

void print_plan(const Plan& plan) {
  print(fmt::format("Bundle {} for site {}: {} to bring in, {} here already, {} withdrawn", plan.sequence, plan.site,
                    count_text(plan.fresh.size(), "patchset"), plan.present.size(), plan.withdrawn.size()));
  print(fmt::format("  reads {} from the medium, writes at most {}", size_text(plan.read_bytes), size_text(plan.write_bytes)));
  std::vector<std::vector<std::string>> rows;
  for (const auto& p : plan.fresh)
    rows.push_back(
        {p.name.patchset.text, p.name.patchset.product, to_text(p.name.patchset.released), size_text(p.archive_bytes)});
  if (!rows.empty()) print_table({"NEW PATCHSET", "PRODUCT", "RELEASED", "SIZE"}, rows);
  for (const auto& p : plan.restored)
    print("put back, since its archive or some of its contents are missing here: " + p.name.file);
  for (const auto& name : plan.refused) print("withdrawn by the vendor before it came, so not enabled: " + name);
  print_takers(plan);
  if (plan.fixes_left_out) return print("The exporter left out the summary of CVEs: it would have been too long.");
  if (plan.gained.empty()) return;
  print(count_text(plan.gained.size(), "CVE") + " newly closed:");
  rows.clear();
  for (const auto& g : plan.gained) rows.push_back({g.cve, score_text(g.cvss_tenths), kernels_text(plan, g)});
  print_table({"CVE", "CVSS", "KERNELS"}, rows);
}

}  // namespace patchferry::importer
