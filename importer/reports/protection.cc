// SPDX-License-Identifier: Apache-2.0
#include "importer/reports/protection.h"

#include <algorithm>
#include <tuple>

namespace patchferry::importer {

const char* word_for(Turn turn) {
  switch (turn) {
    case Turn::added: return "added";
    case Turn::raised: return "raised";
    case Turn::lowered: return "lowered";
    case Turn::reissued: return "reissued";
    case Turn::brought: return "brought";
    case Turn::lost: return "lost";
    case Turn::unchanged: return "unchanged";
  }
  return "?";
}

Turn turn_of(const LevelChange& change) {
  if (change.is_brought) return Turn::brought;
  if (!change.from) return change.to ? Turn::added : Turn::unchanged;
  if (!change.to) return Turn::lost;
  if (change.from->level != change.to->level) return change.from->level < change.to->level ? Turn::raised : Turn::lowered;
  return change.from->digest == change.to->digest ? Turn::unchanged : Turn::reissued;
}

void CveTable::add(const CveFix& fix, const std::string& kernel) {
  const auto [place, is_new] = number_.emplace(kernel, static_cast<std::uint32_t>(names_.size()));
  if (is_new) names_.push_back(kernel);
  Entry& entry = entries_[fix.cve];
  entry.cvss_tenths = std::max(entry.cvss_tenths, fix.cvss_tenths);
  entry.kernels.insert(place->second);
}

void CveTable::remove(const std::string& cve, const std::string& kernel) {
  const auto entry = entries_.find(cve);
  const auto number = number_.find(kernel);
  if (entry == entries_.end() || number == number_.end()) return;
  entry->second.kernels.erase(number->second);
  if (entry->second.kernels.empty()) entries_.erase(entry);
}

std::vector<CveChange> CveTable::changes() const {
  std::vector<CveChange> out;
  for (const auto& [cve, entry] : entries_) {
    out.push_back({cve, entry.cvss_tenths, {}});
    for (const auto number : entry.kernels) out.back().kernels.push_back(names_[number]);
    std::sort(out.back().kernels.begin(), out.back().kernels.end());
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.cvss_tenths > b.cvss_tenths; });
  return out;
}

ProtectionChange compare(std::vector<LevelChange> changes, const ReadInfo& read) {
  ProtectionChange out;
  CveTable gained, lost;
  for (auto& change : changes) {
    if (turn_of(change) == Turn::unchanged) continue;
    const auto closed_by = [&](const std::optional<Served>& level) -> std::optional<std::vector<CveFix>> {
      if (!level) return std::vector<CveFix>();
      auto info = read(change, *level);
      if (info) return std::move(info->fixes);
      out.unread.push_back({change.kernel, *level});
      return std::nullopt;
    };
    const auto before = closed_by(change.from);
    const auto after = closed_by(change.to);
    // Where one of the two is not known, nothing is said: a guess would be read as a promise.
    if (before && after) {
      const auto add_missing = [&](CveTable& table, const std::vector<CveFix>& these, const std::vector<CveFix>& others) {
        const auto by_name = [](const CveFix& a, const CveFix& b) { return a.cve < b.cve; };
        for (const auto& fix : these)
          if (!std::binary_search(others.begin(), others.end(), fix, by_name)) table.add(fix, change.kernel);
      };
      add_missing(gained, *after, *before);
      add_missing(lost, *before, *after);
    }
    out.kernels.push_back(std::move(change));
  }
  std::sort(out.kernels.begin(), out.kernels.end(),
            [](const auto& a, const auto& b) { return std::tie(a.kernel, a.ident) < std::tie(b.kernel, b.ident); });
  out.gained = gained.changes();
  out.lost = lost.changes();
  return out;
}

std::size_t kernels_in(const std::vector<CveChange>& changes) {
  std::set<std::string> names;
  for (const auto& one : changes) names.insert(one.kernels.begin(), one.kernels.end());
  return names.size();
}

unsigned highest(const std::vector<CveChange>& changes) {
  return changes.empty() ? 0 : changes.front().cvss_tenths;  // sorted so
}

}  // namespace patchferry::importer
