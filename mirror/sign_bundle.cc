// SPDX-License-Identifier: Apache-2.0
#include "mirror/sign_bundle.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "bundle-format/words.h"
#include "system/atomic_file.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

bool has_signed(const Envelope& envelope, const KeyId& key) {
  return std::any_of(envelope.begin(), envelope.end(), [&](const KeySignature& one) { return one.key == key; });
}

/// Preamble and envelope of one volume.
struct Head {
  Preamble preamble;
  Envelope envelope;
};

Head read_head(const Fd& file) {
  Bytes bytes(kPreambleSize);
  read_exactly(file, 0, bytes);
  Head head;
  if (const auto preamble = decode_preamble(bytes)) head.preamble = *preamble;
  bytes.resize(head.preamble.envelope_bytes);
  read_exactly(file, kPreambleSize, bytes);
  if (auto envelope = decode_envelope(bytes)) head.envelope = std::move(*envelope);
  return head;
}

/// The same volume under another envelope, in its place.
void replace_envelope(const std::string& path, Head head, Envelope envelope) {
  const Fd old = open_file(path, O_RDONLY);
  if (const std::uint64_t room = free_bytes(parent_of(path)); room < size_of(old))
    throw SystemFailure(fmt::format("cannot write the signature into {}: only {} are free beside it", path, size_text(room)),
                        ENOSPC, "each volume is written anew: make room for the largest one, or sign a copy on another disk");
  const Bytes encoded = encode_envelope(std::move(envelope));
  const std::uint64_t rest = kPreambleSize + head.preamble.envelope_bytes;
  head.preamble.envelope_bytes = static_cast<std::uint32_t>(encoded.size());
  AtomicFile fresh(path, 0644);
  fresh.write(encode_preamble(head.preamble));
  fresh.write(encoded);
  if (::lseek(old.get(), static_cast<off_t>(rest), SEEK_SET) < 0) throw_errno("seek in", path);
  copy_bytes(old, fresh.file());
  fresh.commit();
}

/// Whom the bundle itself names, if the signer has said nothing.
std::optional<TrustAnchors> claimed_anchors(const std::vector<std::string>& media, Findings& findings) {
  Findings of_claims;
  const auto claims = read_claims(open_media(media, of_claims), of_claims);
  if (!claims) {
    findings = std::move(of_claims);
    return std::nullopt;
  }
  // What is wrong with the rest, examine() is going to find as well.
  const Digest domain = domain_of(claims->first_root);
  return TrustAnchors{{{domain, 1, domain}}};
}

}  // namespace

std::optional<BundleDraft> open_bundle_draft(const std::vector<std::string>& media, const std::string& trust,
                                             Findings& findings) {
  Judge judge;
  judge.partly_signed = true;
  if (trust.empty()) {
    const auto anchors = claimed_anchors(media, findings);
    if (!anchors) return std::nullopt;
    judge.anchors = *anchors;
  } else {
    auto anchors = load_trust({trust});
    if (!anchors) {
      findings.push_back(std::move(anchors.error()));
      return std::nullopt;
    }
    judge.anchors = std::move(*anchors);
  }
  Medium medium = open_media(media, findings);
  std::vector<std::string> volumes;
  for (const auto& volume : medium.volumes) volumes.push_back(volume.file.path());
  auto bundle = examine(std::move(medium), judge, findings);
  if (!bundle) return std::nullopt;
  report_missing(*bundle, bundle->missing(), findings);
  BodySink nobody;
  {
    Progress progress("checking", bundle->statement().payload_bytes);
    read_bodies(*bundle, nobody, findings, [&](std::uint64_t n) { progress.add(n); });
  }
  drop_threshold(findings);
  if (!findings.empty()) return std::nullopt;
  return BundleDraft{std::move(volumes), std::move(*bundle)};
}

void print_bundle(const BundleDraft& draft) {
  const ExaminedBundle& bundle = draft.bundle;
  const Statement& s = bundle.statement();
  const auto& manifest = bundle.manifest();
  print(fmt::format("bundle {} for site {}, made {}", s.sequence,
                    manifest ? manifest->site : "(encrypted: only the site can read it)", time_text(s.created)));
  print(fmt::format("  {} in {}, every byte checked", size_text(s.payload_bytes), count_text(s.volumes, "volume")));
  if (s.expires != 0) print("  good until " + time_text(s.expires));
  if (manifest) {
    for (const auto& p : manifest->patchsets)
      print(fmt::format("  brings     {:<18} {:>10}  {}", p.name.patchset.text, size_text(p.archive_bytes),
                        p.fixes.empty() ? "" : count_text(p.fixes.size(), "CVE") + " newly closed"));
    for (const auto& name : manifest->withdrawn) print("  withdraws  " + name);
  } else {
    print("  what it brings is encrypted: compare the words below with the one who made it");
  }
  print("  trust domain   " + fingerprint(sha256(bundle.root_chain().front().document)) + ", root document " +
        std::to_string(s.root_version));
  for (const auto& one : bundle.envelope())
    for (const auto i : bundle.root().role(Role::release).keys)
      if (id_of(bundle.root().keys[i]) == one.key) print("  signed by      " + fingerprint(bundle.root().keys[i]));
  print("  words of what is signed: " + word_code(bundle.statement_hash()));
}

Result<SignatureCount> sign_bundle(BundleDraft& draft, const Signers& signers) {
  for (const auto& signer : signers)
    if (!draft.bundle.root().holds(Role::release, signer->public_key()))
      return refuse(
          RefusalKind::unknown_key,
          "the key " + fingerprint(signer->public_key()) + " does not hold the role 'release' in this bundle's root documents",
          "sign with a key that does; 'patchferry trust show' lists them");
  std::vector<const Signer*> all;
  for (const auto& signer : signers) all.push_back(signer.get());
  const Envelope made = sign_with(all, DocumentType::bundle, encode_statement(draft.bundle.statement()));
  // A run that was interrupted has left the signature in some volumes only, so each is looked at.
  SignatureCount count{0, kMaxSignatures};
  Progress progress("writing", draft.bundle.statement().payload_bytes);
  for (const auto& path : draft.volumes) {
    Head head = read_head(open_file(path, O_RDONLY));
    Envelope envelope = head.envelope;
    std::size_t added = 0;
    for (const auto& one : made) {
      if (has_signed(envelope, one.key)) continue;
      envelope.push_back(one);
      ++added;
    }
    if (envelope.size() > kMaxSignatures)
      return refuse(RefusalKind::too_large, "the bundle would have more than 16 signatures",
                    "sixteen are enough for any threshold");
    count.added = std::max(count.added, added);
    count.have = std::min(count.have, envelope.size());
    if (added > 0) replace_envelope(path, head, std::move(envelope));
    progress.add(size_of(path));
  }
  return count;
}

}  // namespace patchferry::mirror
