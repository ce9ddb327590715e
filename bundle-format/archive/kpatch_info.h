// SPDX-License-Identifier: Apache-2.0
// kpatch.info: which kernel, which CVEs. A header, a blank line, then records separated by blank lines
// (docs/ecosystem.md). Read leniently: what is missing, N/A or malformed is left out, nothing here is ever a refusal,
// and nothing but the grammar below comes out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace patchferry {

struct CveFix {
  std::string cve;           // CVE-dddd-d{4,}
  unsigned cvss_tenths = 0;  // 78 is 7.8; 0 is unknown; at most 100
};

struct KpatchInfo {
  std::string kernel;         // of "uname:", else "kernel:"; [A-Za-z0-9._+~:-]{1,128}, else ""
  std::vector<CveFix> fixes;  // sorted by cve, unique, highest score kept
};

constexpr std::size_t kMaxKpatchInfo = 4 << 20;  // bytes; callers hand in no more

KpatchInfo parse_kpatch_info(std::string_view text);

}  // namespace patchferry
