// SPDX-License-Identifier: Apache-2.0
#include "importer/reports/protection_text.h"
#include "importer/rules/rules.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "terminal/output.h"

namespace patchferry::importer {

namespace {

using Json = nlohmann::json;

Json level_json(const std::optional<Served>& level) { return level ? Json(level->level) : Json(nullptr); }

/// As much as a person reads; the rest is in JSON.
void print_some(const std::vector<std::string>& header, std::vector<std::vector<std::string>> rows) {
  constexpr std::size_t kMost = 40;
  const std::size_t all = rows.size();
  if (all > kMost) rows.resize(kMost);
  print_table(header, rows);
  if (all > kMost) print(fmt::format("and {} more, which --json lists", all - kMost));
}

void print_cves(const std::vector<CveChange>& cves) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : cves)
    rows.push_back({one.cve, score_text(one.cvss_tenths), word_for(severity_of(one.cvss_tenths)), some_of(one.kernels)});
  print_some({"CVE", "CVSS", "SEVERITY", "KERNELS"}, std::move(rows));
}

std::string idents_text(std::size_t n) { return fmt::format("{} {}", n, n == 1 ? "kernel or build id" : "kernels or build ids"); }

std::size_t count(const ProtectionChange& change, Turn turn) {
  return static_cast<std::size_t>(
      std::count_if(change.kernels.begin(), change.kernels.end(), [&](const auto& one) { return turn_of(one) == turn; }));
}

}  // namespace

Json score_json(unsigned tenths) { return tenths == 0 ? Json(nullptr) : Json(tenths / 10.0); }

std::string score_text(unsigned tenths) { return tenths == 0 ? "?" : fmt::format("{}.{}", tenths / 10, tenths % 10); }

std::string level_text(const LevelChange& change) {
  const std::string from = change.from ? std::to_string(change.from->level) : "";
  const std::string to = change.to ? std::to_string(change.to->level) : "";
  switch (turn_of(change)) {
    case Turn::added: return "new, at " + to;
    case Turn::raised:
    case Turn::lowered: return from + " to " + to;
    case Turn::reissued: return from + ", issued again";
    case Turn::brought: return from.empty() ? "new, in the bundle" : from + " to one in the bundle";
    case Turn::lost: return from + " to none";
    case Turn::unchanged: return to;
  }
  return "?";
}

std::string some_of(const std::vector<std::string>& names, std::size_t most) {
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) out += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > most) out += fmt::format(" and {} more", names.size() - most);
  return out;
}

std::string cves_text(const std::vector<CveChange>& cves) {
  if (cves.empty()) return "no CVE";
  const std::string what = count_text(cves.size(), "CVE") + " for " + count_text(kernels_in(cves), "kernel");
  const unsigned top = highest(cves);
  return top == 0 ? what + ", no score known" : what + ", highest " + score_text(top) + " (" + word_for(severity_of(top)) + ")";
}

std::vector<std::string> headlines(const ProtectionChange& change) {
  std::vector<std::string> out;
  const std::string at_most = change.lost_at_most ? "up to " : "";
  if (!change.lost.empty())
    out.push_back("LOST: " + at_most + cves_text(change.lost) +
                  (change.lost_at_most ? "; what the bundle brings may close some of them again" : ""));
  if (const auto gone = count(change, Turn::lost)) out.push_back("NO LONGER SERVED: " + at_most + idents_text(gone));
  if (const auto down = count(change, Turn::lowered)) out.push_back("LOWERED: " + at_most + idents_text(down));
  if (!change.unread.empty())
    out.push_back("NOT KNOWN: what " + count_text(change.unread.size(), "level") +
                  " would close, since resources/ lacks their kpatch.info: " + change.unread.front().level.patchset + " for " +
                  change.unread.front().kernel);
  if (!change.is_gain_known)
    out.push_back("NOT KNOWN: what the bundle's patchsets close, since its exporter left that out; it would have been too long");
  if (change.is_gain_known || !change.gained.empty())
    out.push_back(change.gained.empty() ? "no CVE newly closed" : "closed: " + cves_text(change.gained));
  std::string turns;
  for (const auto& [turn, words] : {std::pair(Turn::added, "new"), std::pair(Turn::raised, "raised"),
                                    std::pair(Turn::brought, "brought by the bundle"), std::pair(Turn::reissued, "issued again")})
    if (const auto n = count(change, turn)) turns += fmt::format("{}{} {}", turns.empty() ? "" : ", ", n, words);
  if (!turns.empty()) out.push_back("kernels and build ids: " + turns);
  return out;
}

void print_lost(const ProtectionChange& change) {
  if (change.lost.empty()) return;
  print(change.lost_at_most ? "LOST, unless what the bundle brings closes them again:" : "LOST:");
  print_cves(change.lost);
}

void print_gained(const ProtectionChange& change) {
  if (change.gained.empty()) return;
  print("Newly closed:");
  print_cves(change.gained);
}

void print_kernels(const ProtectionChange& change) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : change.kernels) {
    const std::string by = one.is_brought || !one.to ? "" : one.to->patchset;
    rows.push_back({one.kernel, level_text(one), by});
  }
  if (!rows.empty()) print_some({"KERNEL OR BUILD ID", "LEVEL", "BY"}, std::move(rows));
}

Json cves_json(const std::vector<CveChange>& cves) {
  Json out = Json::array();
  for (const auto& one : cves) out.push_back({{"cve", one.cve}, {"cvss", score_json(one.cvss_tenths)}, {"kernels", one.kernels}});
  return out;
}

Json change_json(const ProtectionChange& change) {
  return {{"gained", cves_json(change.gained)},
          {"lost", cves_json(change.lost)},
          {"highest", score_json(highest(change.gained))},
          {"highest_lost", score_json(highest(change.lost))},
          {"lost_at_most", change.lost_at_most},
          {"gained_known", change.is_gain_known}};
}

Json kernels_json(const ProtectionChange& change) {
  Json out = Json::array();
  for (const auto& one : change.kernels)
    out.push_back({{"kernel", one.kernel},
                   {"ident", one.ident.empty() ? Json(nullptr) : Json(one.ident)},
                   {"from", level_json(one.from)},
                   {"to", one.is_brought ? Json(nullptr) : level_json(one.to)},
                   {"change", word_for(turn_of(one))}});
  return out;
}

Json unread_json(const ProtectionChange& change) {
  Json out = Json::array();
  for (const auto& one : change.unread)
    out.push_back({{"kernel", one.kernel}, {"patchset", one.level.patchset}, {"level", one.level.level}});
  return out;
}

}  // namespace patchferry::importer
