// SPDX-License-Identifier: Apache-2.0
#include "mirror/sign_root.h"

#include <algorithm>
#include <cassert>
#include <fmt/format.h>

#include "bundle-format/words.h"
#include "mirror/root_roles.h"
#include "system/atomic_file.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

constexpr std::size_t kWords = 12;

const RootDocument* pointer(const std::optional<RootDocument>& document) { return document ? &*document : nullptr; }

Result<SignedRoot> read_one(const std::string& path) {
  if (!exists(path)) throw UsageError("there is no " + path, "give the root document's file, such as trust/root-0001.pfr");
  if (is_folder(path)) throw UsageError(path + " is a folder", "give the root document's file in it, such as root-0001.pfr");
  const auto bytes = read_whole(path, kMaxRootChainBytes);
  if (!bytes) return tl::unexpected(Refusal{RefusalKind::too_large, "it is too long for a root document", "", path});
  auto links = decode_root_file(*bytes);
  if (!links) return tl::unexpected(std::move(links.error()).in(path));
  if (links->size() != 1)
    return tl::unexpected(Refusal{RefusalKind::malformed, "it holds several root documents, and one is signed at a time",
                                  "give the file of one document", path});
  return std::move(links->front());
}

bool has_signed(const RootDraft& draft, const KeyId& id) {
  const auto& all = draft.link.envelope;
  return std::any_of(all.begin(), all.end(), [&](const KeySignature& one) { return one.key == id; });
}

void add(RootDraft& draft, KeySignature one) {
  if (draft.link.envelope.size() == kMaxSignatures)
    throw UsageError(fmt::format("{} has {} signatures already, and cannot hold more", draft.path, kMaxSignatures));
  auto& all = draft.link.envelope;
  all.insert(std::upper_bound(all.begin(), all.end(), one, [](const auto& a, const auto& b) { return a.key < b.key; }), one);
}

/// After signatures were added that are known to be good.
void judge_again(RootDraft& draft) {
  auto standing = standing_of(draft.link, pointer(draft.before));
  assert(standing);
  draft.standing = std::move(*standing);
}

}  // namespace

RootDraft new_root_draft(std::string path, const RootDocument& document, const std::vector<RootFile>& before) {
  RootDraft draft;
  draft.path = std::move(path);
  draft.link.document = encode_root(document);
  if (!before.empty()) draft.before = before.back().standing.root;
  draft.domain = sha256(before.empty() ? draft.link.document : before.front().link.document);
  judge_again(draft);
  return draft;
}

Result<RootDraft> open_root_draft(const std::string& path) {
  auto link = read_one(path);
  if (!link) return tl::unexpected(std::move(link.error()));
  auto document = decode_root(link->document);
  if (!document) return tl::unexpected(std::move(document.error()).in(path));
  RootDraft draft;
  draft.path = path;
  draft.domain = sha256(link->document);
  if (const std::uint32_t version = document->version; version > 1) {
    const std::string folder = parent_of(path);
    const std::string needed = fmt::format("copy the files {} to {} beside it", root_file_name(1), root_file_name(version - 1));
    if (!is_trust_folder(folder))
      throw UsageError(fmt::format("{}: what it changes is seen only beside the documents before it", path), needed);
    auto files = read_root_files(folder);
    if (!files) return tl::unexpected(std::move(files.error()));
    if (files->size() + 1 < version)
      throw UsageError(
          fmt::format("{} is document {}, and the newest one beside it is document {}", path, version, files->size()), needed);
    const RootFile& last = (*files)[version - 2];
    if (!last.standing.complete())
      return tl::unexpected(Refusal{
          RefusalKind::threshold,
          fmt::format("root document {} is not in force yet: it needs {}", version - 1, need_text(last.standing.needs.front())),
          "have that one signed first", last.path});
    draft.before = last.standing.root;
    draft.domain = sha256(files->front().link.document);
  }
  draft.link = std::move(*link);
  auto standing = standing_of(draft.link, pointer(draft.before));
  if (!standing) return tl::unexpected(std::move(standing.error()).in(path));
  draft.standing = std::move(*standing);
  return draft;
}

Result<std::size_t> sign_root(RootDraft& draft, const Signers& signers) {
  for (const auto& signer : signers) {
    const PublicKey key = signer->public_key();
    if (draft.standing.root.holds(Role::root, key) || (draft.before && draft.before->holds(Role::root, key))) continue;
    return tl::unexpected(
        Refusal{RefusalKind::unknown_key,
                fmt::format("key {} is a root key neither of this document nor of the one before it", fingerprint(key)),
                "root documents are signed with root keys; 'patchferry trust show' lists them", draft.path});
  }
  std::size_t fresh = 0;
  for (const auto& signer : signers) {
    const KeyId id = id_of(signer->public_key());
    if (has_signed(draft, id)) continue;
    const Signature signature = signer->sign(DocumentType::root, draft.link.document);
    add(draft, {id, Bytes(signature.begin(), signature.end())});
    ++fresh;
  }
  judge_again(draft);
  return fresh;
}

Result<std::size_t> merge_root(RootDraft& draft, const std::string& path) {
  auto other = read_one(path);
  if (!other) return tl::unexpected(std::move(other.error()));
  if (other->document != draft.link.document)
    return tl::unexpected(Refusal{RefusalKind::conflict, "it is another document than " + draft.path,
                                  "only copies of the very same document are merged; compare their words", path});
  if (auto good = standing_of(*other, pointer(draft.before)); !good) return tl::unexpected(std::move(good.error()).in(path));
  std::size_t fresh = 0;
  for (auto& one : other->envelope) {
    if (has_signed(draft, one.key)) continue;
    add(draft, std::move(one));
    ++fresh;
  }
  judge_again(draft);
  return fresh;
}

void write_root(const RootDraft& draft) { write_file(draft.path, encode_root_file(draft.link)); }

void print_root(const RootDraft& draft) {
  const RootDocument& root = draft.standing.root;
  print(fmt::format("root document {} of trust domain {}, epoch {}", root.version, fingerprint(draft.domain), root.epoch));
  print("  words: " + words_of(sha256(draft.link.document), kWords));
  if (draft.before) print(fmt::format("  what it changes in document {}:", draft.before->version));
  for (const auto& line : changes_of(pointer(draft.before), root)) print((draft.before ? "    " : "  ") + line);
  for (const auto& key : draft.standing.signers) print("  signed by " + fingerprint(key));
  if (draft.standing.signers.empty()) print("  signed by nobody yet");
}

std::vector<std::string> progress_of(const RootDraft& draft) {
  std::vector<std::string> out;
  for (const auto& need : draft.standing.needs) out.push_back("needs " + need_text(need));
  if (out.empty()) out.push_back("complete: it has all signatures that it needs");
  return out;
}

}  // namespace patchferry::mirror
