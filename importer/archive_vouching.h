// SPDX-License-Identifier: Apache-2.0
// Whether those whom this site believes vouch for an archive that comes without a bundle.
#pragma once

#include <optional>
#include <string>

#include "bundle-format/patchset_name.h"
#include "importer/site.h"
#include "verifier/archive_signatures.h"

namespace patchferry::importer {

/// `archive`, `bytes`: of the file that is about to be taken in. `signature_path`: see signature_path_of(). Nullopt: there is
/// no such file, so nobody vouches for it. Refused: not_regular, malformed, unknown_format, too_large, and what vouch_for()
/// refuses; the refusal names the signature's file. Changes nothing.
Result<std::optional<VouchedArchive>> check_signature(Site& site, const ArchiveName& name, const Digest& archive,
                                                      std::uint64_t bytes, const std::string& signature_path);

}  // namespace patchferry::importer
