// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/small_bundle.h"

#include <algorithm>
#include <cstdlib>

#include "bundle-format/receipt.h"
#include "system/atomic_file.h"
#include "system/failure.h"
#include "system/file.h"

namespace patchferry::test {

SigningKey test_key(unsigned char seed) {
  std::array<std::byte, 32> bytes{};
  bytes.fill(static_cast<std::byte>(seed));
  return SigningKey::from_seed(bytes);
}

SignedBundle small_bundle(const TempFolder& files, const BundleRecipe& recipe) {
  const SigningKey key = test_key(recipe.key);
  const std::vector<std::pair<std::string, std::string>> archives = {
      {"K20260105_01.tar.bz2", recipe.first}, {"U20260112_01.tar.bz2", "and the second one, " + std::string(9000, 'x')}};
  Draft draft;
  Bytes root = encode_root(single_key_root(key.public_key()));
  const Signature signature = key.sign(DocumentType::root, root);
  draft.root_chain = {{root, {{id_of(key.public_key()), Bytes(signature.begin(), signature.end())}}}};
  Statement& s = draft.statement;
  if (!recipe.chain.empty()) {
    draft.root_chain = recipe.chain;
    if (const auto last = decode_root(recipe.chain.back().document)) {
      s.root_version = last->version;
      s.epoch = last->epoch;
    }
  }
  s.trust_domain = sha256(draft.root_chain.front().document);
  s.audience = audience_of(recipe.site);
  s.stream.bytes.fill(std::byte{0x51});
  s.sequence = recipe.sequence;
  s.created = 1767607200;
  s.bundle.bytes.fill(static_cast<std::byte>(recipe.bundle));
  s.previous = recipe.previous;
  s.expires = recipe.expires;
  draft.encrypt_to = recipe.encrypt_to;
  draft.manifest.withdrawn = recipe.withdrawn;
  draft.manifest.needs = recipe.needs;
  if (!recipe.needs.empty()) {
    std::vector<ReceiptPatchset> before;
    for (const auto& need : recipe.needs) before.push_back({need.name, need.archive});
    s.state_before = state_of(before);
  }
  draft.manifest.site = recipe.site;
  draft.manifest.sequence = recipe.sequence;
  draft.manifest.kernels = {"6.1.0-47-cloud-amd64", "6.1.0-48-cloud-amd64"};
  for (const auto& [file, text] : archives) {
    ManifestPatchset p;
    p.name = *parse_archive_name(file);
    p.archive = sha256(as_bytes(text));
    p.archive_bytes = text.size();
    p.expanded_bytes = 20480;
    p.first_seen = 1767607200;
    if (p.name.patchset.product == "kernel") p.fixes = {{"CVE-2026-10001", 78, {0, 1}}, {"CVE-2026-10002", 0, {1}}};
    s.expanded_bytes += p.expanded_bytes + p.archive_bytes;
    draft.manifest.patchsets.push_back(std::move(p));
    const auto index = static_cast<std::uint32_t>(draft.tables.packs.size());
    draft.tables.packs.push_back({Codec::stored, draft.payload.bytes(), text.size(), text.size()});
    draft.tables.objects.push_back({sha256(as_bytes(text)), text.size(), index, 0});
    draft.tables.recipes.push_back({sha256(as_bytes(text)), sha256(as_bytes(text)), RebuildBy::verbatim, text.size()});
    spit(files / file, as_bytes(text));
    draft.payload.append(files / file, 0, text.size());
  }
  std::sort(draft.tables.objects.begin(), draft.tables.objects.end(),
            [](const auto& a, const auto& b) { return a.hash < b.hash; });
  std::sort(draft.tables.recipes.begin(), draft.tables.recipes.end(),
            [](const auto& a, const auto& b) { return a.archive < b.archive; });
  std::vector<ReceiptPatchset> after;
  for (const auto& need : recipe.needs) after.push_back({need.name, need.archive});
  for (const auto& p : draft.manifest.patchsets) after.push_back({p.name.patchset.text, p.archive});
  s.state_after = state_of(std::move(after));
  auto layout = lay_out(std::move(draft), recipe.volume_size);
  if (!layout) throw UsageError(layout.error().text);
  Envelope envelope;
  for (const unsigned char seed : recipe.signers.empty() ? std::vector{recipe.key} : recipe.signers) {
    const SigningKey signer = test_key(seed);
    const Signature one = signer.sign(recipe.signed_as, encode_statement(layout->statement));
    envelope.push_back({id_of(signer.public_key()), Bytes(one.begin(), one.end())});
  }
  return {std::move(*layout), encode_envelope(std::move(envelope))};
}

void write_small_bundle(const std::string& folder, const BundleRecipe& recipe) {
  const TempFolder files;
  make_folder(folder);
  write_volumes(small_bundle(files, recipe), folder);
}

TrustAnchors trust_in(unsigned char seed) {
  const Digest domain = domain_of(single_key_root(test_key(seed).public_key()));
  return {{{domain, 1, domain}}};
}

Findings verify_all(const std::vector<std::string>& paths, const TrustAnchors& anchors, const LedgerView* ledger) {
  Findings findings;
  const Judge judge{anchors, ledger};
  auto bundle = examine(open_media(paths, findings), judge, findings);
  if (!bundle) return findings;
  report_missing(*bundle, bundle->missing(), findings);
  BodySink nobody;
  read_bodies(*bundle, nobody, findings);
  return findings;
}

std::vector<RefusalKind> kinds(const Findings& findings) {
  std::vector<RefusalKind> out;
  for (const auto& f : findings) out.push_back(f.kind);
  return out;
}

std::vector<std::string> volumes_in(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& name : folder_entries(folder))
    if (name.ends_with(".pfv")) out.push_back(folder + "/" + name);
  return out;
}

Bytes slurp(const std::string& path) { return *read_whole(path, 64 << 20); }
void spit(const std::string& path, ByteSpan bytes) { write_file(path, bytes); }

}  // namespace patchferry::test
