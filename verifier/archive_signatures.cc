// SPDX-License-Identifier: Apache-2.0
#include "verifier/archive_signatures.h"

#include <algorithm>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "system/file.h"
#include "system/rel_path.h"

namespace patchferry {

namespace {

constexpr const char* kFreshCopy = "do not use this copy of the archive; bring a fresh one";

std::string text_of(const std::vector<PublicKey>& keys) {
  std::string out;
  for (const auto& key : keys) out += (out.empty() ? "" : ", ") + fingerprint(key);
  return out;
}

/// Holders of the role who have not signed.
std::vector<PublicKey> others_than(const std::vector<PublicKey>& signers, const RootDocument& root) {
  std::vector<PublicKey> out;
  for (const auto index : root.role(Role::release).keys)
    if (std::find(signers.begin(), signers.end(), root.keys[index]) == signers.end()) out.push_back(root.keys[index]);
  return out;
}

Result<const RootDocument*> root_for(const Digest& domain, const TrustAnchors& anchors) {
  const TrustAnchor* anchor = anchors.find(domain);
  if (anchor == nullptr)
    return refuse(RefusalKind::untrusted, "it was not signed under keys that are trusted here (" + fingerprint(domain) + ")",
                  "have it signed by those whom this side believes; if these are new, compare their words by another way first");
  if (anchor->root.version != anchor->version)
    return refuse(RefusalKind::incomplete,
                  fmt::format("root document {} of its trust domain is in force, and not at hand", anchor->version),
                  "bring the root documents again, with 'patchferry trust update'");
  return &anchor->root;
}

}  // namespace

Result<std::vector<PublicKey>> signers_of(const ArchiveSignature& signature, const RootDocument& root, std::size_t* strangers) {
  const auto signed_part = encode_archive_statement(signature.statement);
  std::vector<PublicKey> out;
  for (const auto& one : signature.envelope) {
    const auto holder = std::find_if(root.keys.begin(), root.keys.end(), [&](const PublicKey& key) {
      return id_of(key) == one.key && root.holds(Role::release, key);
    });
    if (holder == root.keys.end()) {
      if (strangers != nullptr) ++*strangers;
      continue;
    }
    if (!verifies(*holder, DocumentType::archive, signed_part, one.signature))
      return refuse(RefusalKind::bad_signature, fmt::format("the signature by key {} does not fit", fingerprint(*holder)),
                    "the bytes were altered after signing; do not use them, and ask for a fresh copy");
    out.push_back(*holder);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<void> check_same_archive(const ArchiveStatement& statement, const GivenArchive& archive) {
  if (statement.file != archive.file)
    return refuse(RefusalKind::conflict,
                  fmt::format("the signature is for {}, and this is {}", statement.file, printable(archive.file)),
                  "rename nothing; put the .sig file beside the archive that it was made for");
  if (archive.bytes < statement.bytes)
    return refuse(RefusalKind::cut, fmt::format("the archive ends after {} of {} bytes", archive.bytes, statement.bytes),
                  kFreshCopy);
  if (archive.bytes > statement.bytes)
    return refuse(RefusalKind::extended,
                  fmt::format("the archive has {} bytes more than were signed", archive.bytes - statement.bytes), kFreshCopy);
  if (archive.hash != statement.archive)
    return refuse(RefusalKind::damaged, "the archive has other bytes than were signed", kFreshCopy);
  return {};
}

Result<VouchedArchive> vouch_for(const GivenArchive& archive, const ArchiveSignature& signature, const TrustAnchors& anchors) {
  const auto root = root_for(signature.statement.trust_domain, anchors);
  if (!root) return tl::unexpected(root.error());
  std::size_t strangers = 0;
  auto signers = signers_of(signature, **root, &strangers);
  if (!signers) return tl::unexpected(std::move(signers.error()));
  if (const std::size_t needed = (*root)->role(Role::release).threshold; signers->size() < needed) {
    const std::string others = text_of(others_than(*signers, **root));
    if (strangers > 0)
      return refuse(RefusalKind::unknown_key,
                    fmt::format("{} of the {} signatures that it needs are by keys that hold the role 'release'; {} by others",
                                signers->size(), needed, strangers),
                    "have it signed again, with 'patchferry sign', by the holder of one of these keys: " + others);
    return refuse(RefusalKind::threshold,
                  fmt::format("it has {} of the {} signatures that the role 'release' needs", signers->size(), needed),
                  "have it signed, with 'patchferry sign', by the holder of one of these keys: " + others);
  }
  if (kArchiveSignatureVersion < (*root)->lowest_format)
    return refuse(RefusalKind::old_format,
                  fmt::format("its signature is written in format {}, and the root documents accept none older than {}",
                              kArchiveSignatureVersion, (*root)->lowest_format),
                  "have it signed by a newer patchferry; this side may need the newer one as well");
  if (auto same = check_same_archive(signature.statement, archive); !same) return tl::unexpected(std::move(same.error()));
  VouchedArchive out;
  out.statement_ = signature.statement;
  out.signers_ = std::move(*signers);
  return out;
}

std::string signature_path_of(const std::string& archive_path) { return archive_path + ".sig"; }

Result<std::optional<ArchiveSignature>> read_archive_signature(const std::string& path) {
  if (!exists(path)) return std::nullopt;
  if (!is_regular(path))
    return tl::unexpected(Refusal{RefusalKind::not_regular, "it is a link, pipe or device, not a file",
                                  "copy it again, as an ordinary file", path});
  const Fd file = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!S_ISREG(stat_of(file).st_mode))
    return tl::unexpected(Refusal{RefusalKind::not_regular, "it is not a file", "copy it again, as an ordinary file", path});
  Bytes bytes(kMaxArchiveSignature + 1);  // one byte too many is as wrong as a hundred
  bytes.resize(read_up_to(file, 0, bytes));
  auto signature = decode_archive_signature(bytes);
  if (!signature) return tl::unexpected(std::move(signature.error()).in(path));
  return std::move(*signature);
}

}  // namespace patchferry
