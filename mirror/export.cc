// SPDX-License-Identifier: Apache-2.0
// How a bundle comes to be, pass by pass. Read export_bundle() first: scan and select are in select.h, pack in pack.h, lay_out
// and sign in bundle_writer.h, writing and reading back in ship.h.
#include "mirror/export.h"

#include <algorithm>
#include <sodium.h>
#include <unistd.h>
#include <fcntl.h>

#include "mirror/pack.h"
#include "mirror/ship.h"
#include "system/calendar.h"
#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry::mirror {

namespace {

BundleId random_bundle_id() {
  BundleId id;
  randombytes_buf(id.bytes.data(), id.bytes.size());
  return id;
}

/// Root document 1 of a small site, signed by its one key.
SignedRoot founding_root(const Signer& key) {
  Bytes document = encode_root(single_key_root(key.public_key()));
  const Signature signature = key.sign(DocumentType::root, document);
  return {std::move(document), {{id_of(key.public_key()), Bytes(signature.begin(), signature.end())}}};
}

/// Refuses here what the site would refuse: its receipt says whom it believes.
Result<void> judge_site(Store& store, const SiteState& site, const Signer& key) {
  if (!site.receipt) return {};
  const Digest domain = domain_of(single_key_root(key.public_key()));
  if (!std::binary_search(site.receipt->domains.begin(), site.receipt->domains.end(), domain))
    return refuse(RefusalKind::untrusted, "site " + site.site + " does not believe the key " + fingerprint(key.public_key()),
                  "sign with the key that is enrolled there, or have this one enrolled");
  if (site.receipt->stream != StreamId{} && site.receipt->stream != store.stream())
    return refuse(RefusalKind::unknown_stream, "site " + site.site + " follows another store than this one",
                  "export from the store that shipped to it before");
  return {};
}

Digest state_after(const Missing& missing) {
  std::vector<ReceiptPatchset> have;
  if (missing.site.receipt) have = missing.site.receipt->patchsets;
  for (const auto& p : missing.patchsets) have.push_back({p.name.patchset.text, p.archive});
  return state_of(std::move(have));
}

Draft draft_of(Store& store, const Missing& missing, Packs packs, std::uint64_t sequence, const Signer& key) {
  Draft draft;
  draft.root_chain = {founding_root(key)};
  Statement& s = draft.statement;
  s.trust_domain = sha256(draft.root_chain.front().document);
  s.audience = audience_of(missing.site.site);
  s.stream = store.stream();
  s.sequence = sequence;
  s.previous = store.last_statement(missing.site.site);
  if (missing.site.receipt) s.state_before = state_of(missing.site.receipt->patchsets);
  s.state_after = state_after(missing);
  s.created = now();
  s.bundle = random_bundle_id();
  s.expanded_bytes = packs.expanded_bytes;
  draft.manifest = std::move(packs.manifest);
  draft.manifest.site = missing.site.site;
  draft.manifest.sequence = sequence;
  draft.tables = std::move(packs.tables);
  draft.payload = std::move(packs.payload);
  return draft;
}

std::string deliver(const SignedBundle& bundle, const std::string& to) {
  if (to != "-") return write_and_verify(bundle, to);
  const Fd out(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), "standard output");
  write_volume(bundle, 1, out);
  return to;
}

}  // namespace

Result<std::optional<Shipment>> export_bundle(Store& store, const ExportOrder& order, const Signer& key) {
  // What is there, and what of it the site lacks.
  if (auto judged = judge_site(store, order.site, key); !judged) return tl::unexpected(std::move(judged.error()));
  const Snapshot snapshot = scan(store);
  const auto missing = select(snapshot, order.site);
  if (!missing) return tl::unexpected(missing.error());
  if (missing->patchsets.empty()) return std::optional<Shipment>();

  // Which bytes travel, and in which pack.
  Packs packs = pack(store, *missing);
  if (order.dry_run) {
    Statement sketch;
    sketch.payload_bytes = packs.payload.bytes();
    return Shipment{"", sketch, missing->patchsets};
  }

  // A number that is durable before anything is signed: a lost one is a harmless gap, a reused one a fork.
  const std::uint64_t seen = order.site.receipt ? order.site.receipt->sequence : 0;
  const std::uint64_t sequence = store.reserve_sequence(order.site.site, seen);

  // Which bytes lie in which volume; every block is hashed.
  Draft draft = draft_of(store, *missing, std::move(packs), sequence, key);
  auto layout = [&] {
    Progress progress("hashing", draft.payload.bytes());
    return lay_out(std::move(draft), order.volume_size, [&](std::uint64_t n) { progress.add(n); });
  }();
  if (!layout) return tl::unexpected(std::move(layout.error()));

  // The signature, the medium, and what the medium gives back.
  const SignedBundle bundle = sign(std::move(*layout), {&key});
  Shipment shipment{deliver(bundle, order.to), bundle.layout.statement, missing->patchsets};

  store.record_shipment(order.site.site, shipment.statement, sha256(encode_statement(shipment.statement)));
  return shipment;
}

}  // namespace patchferry::mirror
