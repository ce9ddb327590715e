// SPDX-License-Identifier: Apache-2.0
// Whatever goes in, only the grammar of kpatch_info.h comes out, sorted and once each.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "bundle-format/archive/kpatch_info.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  const auto info = parse_kpatch_info({reinterpret_cast<const char*>(data), size});
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f; };
  if (info.kernel.size() > 128 || !std::all_of(info.kernel.begin(), info.kernel.end(), printable)) std::abort();
  const std::string* previous = nullptr;
  for (const auto& fix : info.fixes) {
    if (!fix.cve.starts_with("CVE-") || !std::all_of(fix.cve.begin(), fix.cve.end(), printable)) std::abort();
    if (fix.cvss_tenths > 100) std::abort();
    if (previous != nullptr && *previous >= fix.cve) std::abort();
    previous = &fix.cve;
  }
  return 0;
}
