// SPDX-License-Identifier: Apache-2.0
#include "mirror/sign_bundle.h"

#include <algorithm>
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

bool holds(const RootDocument& root, const PublicKey& key) {
  const auto& keys = root.role(Role::release).keys;
  return std::any_of(keys.begin(), keys.end(), [&](std::uint8_t i) { return root.keys[i] == key; });
}

bool has_signed(const Envelope& envelope, const PublicKey& key) {
  return std::any_of(envelope.begin(), envelope.end(), [&](const KeySignature& one) { return one.key == id_of(key); });
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

std::vector<std::string> volumes_in(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& name : folder_entries(folder))
    if (name.ends_with(".pfv") && !name.starts_with(".")) out.push_back(folder + "/" + name);
  return out;
}

/// Whom the bundle itself names, if the signer has said nothing.
std::optional<TrustAnchors> claimed_anchors(const std::string& folder, Findings& findings) {
  Findings of_claims;
  const auto claims = read_claims(open_media({folder}, of_claims), of_claims);
  if (!claims) {
    findings = std::move(of_claims);
    return std::nullopt;
  }
  // What is wrong with the rest, examine() is going to find as well.
  const Digest domain = domain_of(claims->first_root);
  return TrustAnchors{{{domain, 1, domain}}};
}

}  // namespace

std::optional<BundleDraft> open_bundle_draft(const std::string& folder, const std::string& trust, Findings& findings) {
  Judge judge;
  judge.partly_signed = true;
  if (trust.empty()) {
    const auto anchors = claimed_anchors(folder, findings);
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
  auto bundle = examine(open_media({folder}, findings), judge, findings);
  if (!bundle) return std::nullopt;
  report_missing(*bundle, bundle->missing(), findings);
  BodySink nobody;
  {
    Progress progress("checking", bundle->statement().payload_bytes);
    read_bodies(*bundle, nobody, findings, [&](std::uint64_t n) { progress.add(n); });
  }
  if (!findings.empty()) return std::nullopt;
  return BundleDraft{folder, std::move(*bundle)};
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
    if (!holds(draft.bundle.root(), signer->public_key()))
      return refuse(
          RefusalKind::unknown_key,
          "the key " + fingerprint(signer->public_key()) + " does not hold the role 'release' in this bundle's root documents",
          "sign with a key that does; 'patchferry trust show' lists them");
  const auto statement = encode_statement(draft.bundle.statement());
  Envelope made;
  for (const auto& signer : signers) {
    const Signature signature = signer->sign(DocumentType::bundle, statement);
    made.push_back({id_of(signer->public_key()), Bytes(signature.begin(), signature.end())});
  }
  // A run that was interrupted has left the signature in some volumes only, so each is looked at.
  SignatureCount count{0, kMaxSignatures};
  Progress progress("writing", draft.bundle.statement().payload_bytes);
  for (const auto& path : volumes_in(draft.folder)) {
    Head head = read_head(open_file(path, O_RDONLY));
    Envelope envelope = head.envelope;
    std::size_t added = 0;
    for (std::size_t i = 0; i < signers.size(); ++i) {
      if (has_signed(envelope, signers[i]->public_key())) continue;
      envelope.push_back(made[i]);
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
