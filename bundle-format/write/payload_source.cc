// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/write/payload_source.h"

#include <algorithm>
#include <fcntl.h>

#include "system/failure.h"
#include "system/file.h"

namespace patchferry {

void PayloadSource::append(std::string path, std::uint64_t offset, std::uint64_t bytes) {
  if (bytes == 0) return;
  runs_.push_back({bytes_, std::move(path), offset, bytes});
  bytes_ += bytes;
}

void PayloadSource::read(std::uint64_t offset, std::span<std::byte> out) const {
  auto run = std::upper_bound(runs_.begin(), runs_.end(), offset, [](std::uint64_t at, const Run& r) { return at < r.begin; });
  while (!out.empty()) {
    if (run == runs_.begin()) throw SystemFailure("cannot read beyond the payload", 0);
    const Run& here = *(run - 1);
    const std::uint64_t skip = offset - here.begin;
    if (skip >= here.bytes) throw SystemFailure("cannot read beyond the payload", 0);
    const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), here.bytes - skip));
    read_exactly(open_file(here.path, O_RDONLY), here.offset + skip, out.first(part));
    out = out.subspan(part);
    offset += part;
    ++run;
  }
}

}  // namespace patchferry
