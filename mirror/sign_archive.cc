// SPDX-License-Identifier: Apache-2.0
#include "mirror/sign_archive.h"

#include <algorithm>
#include <fcntl.h>
#include <fmt/format.h>

#include "bundle-format/archive/contents.h"
#include "bundle-format/words.h"
#include "system/atomic_file.h"
#include "system/calendar.h"
#include "system/file.h"
#include "terminal/output.h"
#include "unpacker/unpacker.h"

namespace patchferry::mirror {

namespace {

bool has_signed(const Envelope& envelope, const KeyId& key) {
  return std::any_of(envelope.begin(), envelope.end(), [&](const KeySignature& one) { return one.key == key; });
}

/// Reads all of it, as a store would before it takes it: what is signed is an archive, and not a page that says "not found".
Result<GivenArchive> read_given(const std::string& path) {
  const auto name = parse_archive_name(file_name_of(path));
  if (!name) return tl::unexpected(name.error());
  const Fd file = open_file(path, O_RDONLY | O_NOFOLLOW);
  GivenArchive out{name->file, {}, size_of(file)};
  Progress progress("checking", 2 * out.bytes);
  const auto on_bytes = [&](std::uint64_t n) { progress.add(n); };
  out.hash = hash_file(file, on_bytes);
  FileKeeper nothing;
  const auto contents = read_contents(unpacker::archive_work(), file, *name, unsigned_limits(out.bytes), nothing, on_bytes);
  if (!contents) return tl::unexpected(contents.error());
  return out;
}

/// What somebody has signed before must be this very archive, in the same name.
Result<void> check_earlier(const ArchiveSignature& earlier, const GivenArchive& archive, const Authority& authority) {
  if (earlier.statement.trust_domain != authority.domain())
    return refuse(RefusalKind::untrusted,
                  "it was signed under trust domain " + fingerprint(earlier.statement.trust_domain) + ", and not under " +
                      fingerprint(authority.domain()),
                  "give the root documents of those who signed first with --trust TRUSTDIR, or move that .sig file away");
  if (auto same = check_same_archive(earlier.statement, archive); !same) return same;
  const auto good = signers_of(earlier, authority.root);
  if (!good) return tl::unexpected(good.error());
  return {};
}

}  // namespace

bool is_archive_to_sign(const std::string& path) {
  return is_regular(path) && parse_archive_name(file_name_of(path)).has_value();
}

Result<ArchiveDraft> open_archive_draft(const std::string& archive, const Authority& authority) {
  const auto given = read_given(archive);
  if (!given) return tl::unexpected(Refusal(given.error()).in(archive));
  ArchiveDraft draft{signature_path_of(archive), {}};
  auto earlier = read_archive_signature(draft.path);
  if (!earlier) return tl::unexpected(std::move(earlier.error()));
  if (*earlier) {
    if (auto good = check_earlier(**earlier, *given, authority); !good)
      return tl::unexpected(std::move(good.error()).in(draft.path));
    draft.signature = std::move(**earlier);
    return draft;
  }
  draft.signature.statement = {authority.domain(), authority.root.version, given->file, given->hash, given->bytes, now()};
  return draft;
}

void print_archive(const ArchiveDraft& draft, const Authority& authority) {
  const ArchiveStatement& s = draft.signature.statement;
  print(fmt::format("archive {}, {}, every byte read", s.file, size_text(s.bytes)));
  print("  sha256         " + to_hex(s.archive));
  print(fmt::format("  trust domain   {}, root document {}", fingerprint(s.trust_domain), s.root_version));
  for (const auto& one : draft.signature.envelope)
    for (const auto i : authority.root.role(Role::release).keys)
      if (id_of(authority.root.keys[i]) == one.key) print("  signed by      " + fingerprint(authority.root.keys[i]));
  print("  words of what is signed: " + word_code(sha256(encode_archive_statement(s))));
}

Result<std::size_t> sign_archive(ArchiveDraft& draft, const Authority& authority) {
  const Envelope made = sign_with(authority.all(), DocumentType::archive, encode_archive_statement(draft.signature.statement));
  Envelope envelope = draft.signature.envelope;
  for (const auto& one : made)
    if (!has_signed(envelope, one.key)) envelope.push_back(one);
  const std::size_t added = envelope.size() - draft.signature.envelope.size();
  if (envelope.size() > kMaxSignatures)
    return refuse(RefusalKind::too_large, fmt::format("the archive would have more than {} signatures", kMaxSignatures),
                  "sixteen are enough for any threshold");
  draft.signature.envelope = std::move(envelope);
  if (added > 0) write_file(draft.path, encode_archive_signature(draft.signature));
  return added;
}

std::size_t good_signatures(const ArchiveDraft& draft, const Authority& authority) {
  const auto signers = signers_of(draft.signature, authority.root);
  return signers ? signers->size() : 0;
}

}  // namespace patchferry::mirror
