// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bundle-format/manifest_reader.h"
#include "bundle-format/tables.h"
#include "system/rel_path.h"

namespace patchferry {

namespace {

using Json = nlohmann::json;

tl::unexpected<Refusal> malformed(const std::string& why) { return refuse(RefusalKind::malformed, "the manifest " + why); }

bool is_cve(const std::string& text) {
  if (text.size() < 13 || text.size() > 32 || text.compare(0, 4, "CVE-") != 0 || text[8] != '-') return false;
  for (std::size_t i = 4; i < text.size(); ++i)
    if (i != 8 && (text[i] < '0' || text[i] > '9')) return false;
  return true;
}

bool is_kernel(const std::string& text) {
  return !text.empty() && text.size() <= 128 && printable(text) == text && text.find(' ') == std::string::npos;
}

template <class Range, class Less>
bool strictly_ascending(const Range& range, Less less) {
  return std::adjacent_find(range.begin(), range.end(), [&](const auto& a, const auto& b) { return !less(a, b); }) == range.end();
}

Result<void> check_rules(const Manifest& m, const Statement& s) {
  if (!is_site_name(m.site) || audience_of(m.site) != s.audience) return malformed("names another site than the statement");
  if (m.sequence != s.sequence) return malformed("gives another sequence number than the statement");
  if (!s.is_encrypted() && (m.patchsets.size() != s.patchsets || m.withdrawn.size() != s.withdrawn))
    return malformed("holds another number of patchsets than the statement says");
  if (m.patchsets.size() > kMaxPatchsets || m.withdrawn.size() > kMaxPatchsets || m.needs.size() > kMaxPatchsets)
    return malformed("holds too many patchsets");
  const std::uint64_t ceiling = s.plain_table_bytes();
  if (m.objects_bytes > ceiling || m.recipes_bytes > ceiling || m.packs_bytes > ceiling || m.bases_bytes > ceiling ||
      m.objects_bytes + m.recipes_bytes + m.packs_bytes + m.bases_bytes != ceiling ||
      (!s.is_encrypted() && m.objects_bytes != s.objects * kObjectRecordSize))
    return malformed("gives other table lengths than the statement");
  if (m.memory > kMaxMemory)
    return refuse(RefusalKind::too_large, "expanding this bundle would take more memory than the format allows");
  if (!strictly_ascending(m.kernels, std::less<>()) || !std::all_of(m.kernels.begin(), m.kernels.end(), is_kernel))
    return malformed("holds kernel names that are not sorted or not printable");
  if (!strictly_ascending(m.withdrawn, std::less<>())) return malformed("holds withdrawn patchsets that are not sorted");
  for (const auto& name : m.withdrawn)
    if (!parse_patchset_name(name)) return malformed("withdraws something that is not a patchset");
  if (!strictly_ascending(m.needs, [](const auto& a, const auto& b) { return a.name < b.name; }))
    return malformed("needs patchsets that are not sorted");
  for (const auto& need : m.needs)
    if (!parse_patchset_name(need.name) || need.bundle == 0 || need.bundle >= m.sequence)
      return malformed("needs something that no earlier bundle can bring");
  std::vector<std::string> folded;
  for (const auto& p : m.patchsets) {
    if (p.archive_bytes > kMaxPayload || p.expanded_bytes > s.expanded_bytes) return malformed("holds an impossible size");
    if (!is_channel(p.channel)) return malformed("names a channel that there is not");
    folded.push_back(RelPath::parse(p.name.patchset.text)->folded());
    if (!strictly_ascending(p.fixes, [](const auto& a, const auto& b) { return a.cve < b.cve; }))
      return malformed("holds CVEs that are not sorted");
    for (const auto& fix : p.fixes)
      if (!is_cve(fix.cve) || fix.cvss_tenths > 100 || !strictly_ascending(fix.kernels, std::less<>()) ||
          (!fix.kernels.empty() && fix.kernels.back() >= m.kernels.size()))
        return malformed("holds an impossible CVE entry");
  }
  if (!strictly_ascending(m.patchsets, [](const auto& a, const auto& b) { return a.name.patchset < b.name.patchset; }))
    return malformed("holds patchsets that are not in release order");
  std::sort(folded.begin(), folded.end());
  if (std::adjacent_find(folded.begin(), folded.end()) != folded.end()) return malformed("holds two patchsets of one name");
  return {};
}

}  // namespace

std::string encode_manifest(const Manifest& m) {
  Json patchsets = Json::array();
  for (const auto& p : m.patchsets) {
    Json fixes = Json::array();
    for (const auto& fix : p.fixes) fixes.push_back({{"cve", fix.cve}, {"cvss10", fix.cvss_tenths}, {"kernels", fix.kernels}});
    patchsets.push_back({{"name", p.name.patchset.text},
                         {"file", p.name.file},
                         {"product", p.name.patchset.product},
                         {"released", to_text(p.name.patchset.released)},
                         {"archive", {{"sha256", to_hex(p.archive)}, {"bytes", p.archive_bytes}, {"expanded", p.expanded_bytes}}},
                         {"first_seen", p.first_seen},
                         {"fixes", fixes}});
    if (p.channel != kDefaultChannel) patchsets.back()["channel"] = p.channel;  // absent: most have the default
  }
  Json needs = Json::array();
  for (const auto& n : m.needs) needs.push_back({{"name", n.name}, {"sha256", to_hex(n.archive)}, {"bundle", n.bundle}});
  const Json json = {
      {"format", 1},
      {"site", m.site},
      {"sequence", m.sequence},
      {"kernels", m.kernels},
      {"fixes_left_out", m.fixes_left_out},
      {"patchsets", patchsets},
      {"withdrawn", m.withdrawn},
      {"needs", needs},
      {"memory", m.memory},
      {"tables",
       {{"objects", m.objects_bytes}, {"recipes", m.recipes_bytes}, {"packs", m.packs_bytes}, {"bases", m.bases_bytes}}}};
  return json.dump();  // keys sorted, no white space
}

Result<Manifest> decode_manifest(std::string_view text, const Statement& statement) {
  auto m = read_manifest(text);
  if (!m) return m;
  if (auto rules = check_rules(*m, statement); !rules) return tl::unexpected(std::move(rules.error()));
  return m;
}

}  // namespace patchferry
