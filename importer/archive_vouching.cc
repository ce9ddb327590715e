// SPDX-License-Identifier: Apache-2.0
#include "importer/archive_vouching.h"

#include "importer/roots.h"

namespace patchferry::importer {

Result<std::optional<VouchedArchive>> check_signature(Site& site, const ArchiveName& name, const Digest& archive,
                                                      std::uint64_t bytes, const std::string& signature_path) {
  const auto signature = read_archive_signature(signature_path);
  if (!signature) return tl::unexpected(signature.error());
  if (!*signature) return std::nullopt;
  auto vouched = vouch_for({name.file, archive, bytes}, **signature, anchors(site));
  if (!vouched) return tl::unexpected(std::move(vouched.error()).in(signature_path));
  return std::move(*vouched);
}

}  // namespace patchferry::importer
