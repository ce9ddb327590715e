// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/kpatch1.h"

#include <fmt/format.h>

#include "system/rel_path.h"

namespace patchferry {

namespace {

constexpr std::string_view kMagic("KPATCH1\0", 8);
constexpr std::size_t kBuildId = 80;
constexpr std::size_t kBuildIdSize = 256;
constexpr std::size_t kTotalSize = 360;

tl::unexpected<Refusal> malformed(const std::string& why) {
  return refuse(RefusalKind::malformed, why, "do not use it; get the archive again from the vendor");
}

}  // namespace

Result<void> check_kpatch1(ByteSpan head, std::uint64_t bytes, std::string_view build_id) {
  if (!as_text(head).starts_with(kMagic)) return {};
  if (head.size() < kKpatch1Header) return malformed(fmt::format("is cut short: its header has {} bytes", kKpatch1Header));
  ByteReader total(head.subspan(kTotalSize));
  if (const std::uint32_t size = total.u32(); size > bytes)
    return malformed(fmt::format("says that it has {} bytes, and has {}", size, bytes));
  const std::string_view field = as_text(head.subspan(kBuildId, kBuildIdSize));
  const auto end = field.find('\0');
  if (end == std::string_view::npos) return malformed("gives a build id that does not end");
  if (const auto patched = field.substr(0, end); patched != build_id)
    return malformed(fmt::format("says that it patches build id '{}', but lies beneath {}", printable(patched), build_id));
  return {};
}

}  // namespace patchferry
