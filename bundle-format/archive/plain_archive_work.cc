// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/archive/plain_archive_work.h"

#include "bundle-format/archive/archive_source.h"
#include "bundle-format/bzip2/unpacking.h"

namespace patchferry {

namespace {

class PlainWork : public ArchiveWork {
 public:
  Result<ArchiveFacts> read_archive(const Fd& archive, Compression compression, const ArchiveLimits& limits, MemberSink& sink,
                                    const OnRead& on_read, std::optional<Bytes>* packing) const override {
    auto source = open_archive(archive, compression, on_read);
    if (!source) return tl::unexpected<Refusal>(std::move(source.error()));
    auto facts = patchferry::read_tar(**source, limits.expanded_bytes, sink);
    if (facts && packing != nullptr) *packing = (*source)->packing();
    return facts;
  }

  Result<ArchiveFacts> read_tar(TarSource& source, std::uint64_t ceiling, MemberSink& sink) const override {
    return patchferry::read_tar(source, ceiling, sink);
  }

  Result<std::optional<Bytes>> careful_packing(const Fd& archive, const OnRead& on_read) const override {
    Bzip2Unpacker unpacker(archive, Care::every_block, on_read);
    for (;;) {
      const auto part = unpacker.next();
      if (!part) return tl::unexpected(part.error());
      if (part->empty()) break;
    }
    Bytes packing = unpacker.packing();
    if (packing.empty()) return std::nullopt;
    return packing;
  }

  Result<void> rebuild(const Recipe& recipe, const OpenContent& open, const std::function<void(ByteSpan)>& out) const override {
    RecipeSource stream(recipe, open);
    return pack_again(recipe.packing, stream, out);
  }
};

}  // namespace

const ArchiveWork& plain_archive_work() {
  static const PlainWork work;
  return work;
}

}  // namespace patchferry
