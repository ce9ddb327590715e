// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/rebuild.h"

#include "bundle-format/bzip2/packing.h"

namespace patchferry {

Result<void> pack_again(ByteSpan packing, TarSource& stream, const std::function<void(ByteSpan)>& out) {
  auto packer = Bzip2Packer::open(packing, out);
  if (!packer) return tl::unexpected(std::move(packer.error()));
  for (;;) {
    auto part = stream.next();
    if (!part) return tl::unexpected(std::move(part.error()));
    if (part->empty()) break;
    packer->add(*part);
  }
  return packer->finish();
}

}  // namespace patchferry
