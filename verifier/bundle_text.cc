// SPDX-License-Identifier: Apache-2.0
#include "verifier/bundle_text.h"

#include <fmt/format.h>

#include "system/calendar.h"
#include "terminal/output.h"

namespace patchferry {

std::string bundle_line(const Statement& s, const std::optional<Manifest>& manifest) {
  const std::string size = count_text(s.volumes, "volume") + ", " + size_text(s.payload_bytes);
  const std::string number = fmt::format("bundle {}", s.sequence);
  const std::string made = "made " + time_text(s.created);
  if (manifest)
    return fmt::format("{} for site {}, {}: {} new, {} withdrawn, {}", number, manifest->site, made,
                       count_text(manifest->patchsets.size(), "patchset"), manifest->withdrawn.size(), size);
  if (s.is_encrypted()) return fmt::format("{}, {}: encrypted, only its site can read what it brings; {}", number, made, size);
  return fmt::format("{}, {}: {} new, {} withdrawn, {}; the first or the last volume tells which, and for what site", number,
                     made, count_text(s.patchsets, "patchset"), s.withdrawn, size);
}

void print_patchsets(const Manifest& manifest) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& p : manifest.patchsets)
    rows.push_back({p.name.patchset.text, p.name.patchset.product, to_text(p.name.patchset.released), size_text(p.archive_bytes),
                    p.fixes.empty() ? "" : count_text(p.fixes.size(), "CVE") + " newly closed"});
  for (const auto& name : manifest.withdrawn) rows.push_back({name, "", "", "", "withdrawn by the vendor"});
  print_table({"PATCHSET", "PRODUCT", "RELEASED", "SIZE", "BRINGS"}, rows);
}

}  // namespace patchferry
