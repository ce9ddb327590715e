// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/archive_source.h"

#include "bundle-format/archive/gzip_source.h"
#include "bundle-format/bzip2/unpacking.h"

namespace patchferry {

namespace {

class Bzip2Source : public ArchiveSource {
 public:
  Bzip2Source(const Fd& file, const std::function<void(std::uint64_t)>& on_read) : unpacker_(file, Care::first_block, on_read) {}

  Result<ByteSpan> next() override {
    auto part = unpacker_.next();
    if (!part || !is_first_) return part;
    is_first_ = false;
    if (part->empty()) return refuse(RefusalKind::not_an_archive, "there is nothing inside the compression");
    if (as_text(*part).starts_with("BZh")) return refuse(RefusalKind::not_an_archive, "compressed with bzip2 more than once");
    return part;
  }

  std::optional<Bytes> packing() const override {
    Bytes packing = unpacker_.packing();
    if (packing.empty()) return std::nullopt;
    return packing;
  }

 private:
  Bzip2Unpacker unpacker_;
  bool is_first_ = true;
};

}  // namespace

Result<std::unique_ptr<ArchiveSource>> open_archive(const Fd& archive, Compression compression,
                                                    const std::function<void(std::uint64_t)>& on_read) {
  if (compression == Compression::gzip) return open_gzip(archive, on_read);
  return std::make_unique<Bzip2Source>(archive, on_read);
}

}  // namespace patchferry
