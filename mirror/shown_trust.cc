// SPDX-License-Identifier: Apache-2.0
#include "mirror/shown_trust.h"

#include "mirror/sign_root.h"
#include "system/failure.h"
#include "system/file.h"
#include "verifier/trust.h"

namespace patchferry::mirror {

namespace {

/// The first bytes of a file that is a later document than the first, by whatever name.
bool is_later_document(const std::string& path) {
  const auto bytes = read_whole(path, kMaxRootChainBytes);
  if (!bytes) return false;
  const auto links = decode_root_file(*bytes);
  if (!links || links->size() != 1) return false;
  const auto document = decode_root(links->front().document);
  return document && document->version > 1;
}

}  // namespace

Result<ShownTrust> load_shown_trust(const std::string& path) {
  if (!exists(path)) throw UsageError("there is no " + path, "give a folder of root documents, one of them, or a .pub file");
  ShownTrust out;
  if (!is_folder(path) && !is_root_file(path)) {
    const auto key = load_public_key(path);
    if (!key) return tl::unexpected(key.error());
    SignedRoot link{encode_root(single_key_root(*key)), {}};
    auto standing = standing_of(link, nullptr);
    out.domain = sha256(link.document);
    out.documents.push_back({path, std::move(link), std::move(*standing), true});
    return out;
  }
  if (!is_folder(path) && is_later_document(path)) {
    auto draft = open_root_draft(path);
    if (!draft) return tl::unexpected(std::move(draft.error()));
    auto before = read_root_files(parent_of(path));
    if (!before) return tl::unexpected(std::move(before.error()));
    before->resize(draft->standing.root.version - 1);
    for (auto& file : *before) out.documents.push_back({std::move(file.path), std::move(file.link), std::move(file.standing)});
    out.documents.push_back({path, std::move(draft->link), std::move(draft->standing)});
  } else {
    auto files = read_root_files(path);
    if (!files) return tl::unexpected(std::move(files.error()));
    for (auto& file : *files) out.documents.push_back({std::move(file.path), std::move(file.link), std::move(file.standing)});
  }
  out.domain = sha256(out.documents.front().link.document);
  return out;
}

}  // namespace patchferry::mirror
