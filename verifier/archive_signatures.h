// SPDX-License-Identifier: Apache-2.0
// Does somebody whom we believe vouch for this one archive? (SPEC.md "Judging an archive's signature")
//
// What counts is who holds the role `release` now. A signature is not spoilt because other keys were rotated since, nor saved
// because its own key held the role once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bundle-format/archive_signature.h"
#include "verifier/trust.h"

namespace patchferry {

/// An archive as it lies here.
struct GivenArchive {
  std::string file;  // its name, without folders
  Digest hash{};
  std::uint64_t bytes = 0;
};

/// An archive for which enough keys of the role vouch. Only vouch_for() makes one.
class VouchedArchive {
 public:
  const ArchiveStatement& statement() const { return statement_; }
  const std::vector<PublicKey>& signers() const { return signers_; }  // who hold the role now, ascending

 private:
  friend Result<VouchedArchive> vouch_for(const GivenArchive&, const ArchiveSignature&, const TrustAnchors&);
  VouchedArchive() = default;
  ArchiveStatement statement_;
  std::vector<PublicKey> signers_;
};

/// Refused: untrusted (the domain is not enrolled), incomplete (its root document in force is not at hand), bad_signature,
/// unknown_key (too few signatures without those by keys that do not hold the role), threshold, old_format; then what
/// check_same_archive() refuses.
Result<VouchedArchive> vouch_for(const GivenArchive& archive, const ArchiveSignature& signature, const TrustAnchors& anchors);

/// Keys of the role `release` of `root` that have signed, ascending. Signatures by others count for nothing, and are counted
/// in `*strangers` if that is not null. Refused: bad_signature.
Result<std::vector<PublicKey>> signers_of(const ArchiveSignature& signature, const RootDocument& root,
                                          std::size_t* strangers = nullptr);

/// The signature is for this name and these bytes. Refused: conflict (another name), cut, extended, damaged.
Result<void> check_same_archive(const ArchiveStatement& statement, const GivenArchive& archive);

/// "FILE.sig".
std::string signature_path_of(const std::string& archive_path);

/// Nullopt: there is no such file. Refused: not_regular, and what decode_archive_signature() refuses; `path` is named.
Result<std::optional<ArchiveSignature>> read_archive_signature(const std::string& path);

}  // namespace patchferry
