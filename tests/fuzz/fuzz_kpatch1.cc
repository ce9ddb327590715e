// SPDX-License-Identifier: Apache-2.0
// The head of a user-space patch, judged for the build id 2d8f0a6e and as long as the input is: what passes keeps the rules, each
// of them read here in another way.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "bundle-format/archive/kpatch1.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchferry;
  constexpr const char* kId = "2d8f0a6e";
  const ByteSpan all = std::as_bytes(std::span(data, size));
  const auto result = check_kpatch1(all.first(std::min(size, kKpatch1Header)), size, kId);
  const bool is_one = size >= 8 && std::memcmp(data, "KPATCH1", 8) == 0;
  bool good = !is_one;
  if (is_one && size >= kKpatch1Header) {
    const std::uint64_t total = std::uint64_t{data[360]} | std::uint64_t{data[361]} << 8 | std::uint64_t{data[362]} << 16 |
                                std::uint64_t{data[363]} << 24;
    good = total <= size && std::memcmp(data + 80, kId, std::strlen(kId) + 1) == 0;
  }
  if (result.has_value() != good) std::abort();
  if (!result && (result.error().kind != RefusalKind::malformed || result.error().text.size() > 1000)) std::abort();
  return 0;
}
