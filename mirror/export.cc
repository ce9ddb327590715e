// SPDX-License-Identifier: Apache-2.0
// How a bundle comes to be, pass by pass. Read export_bundle() first: scan and select are in select.h, pack in pack.h, lay_out
// and sign in bundle_writer.h, writing and reading back in ship.h.
#include "mirror/export.h"

#include <algorithm>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>
#include <fcntl.h>

#include "mirror/describe.h"
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

/// Refuses here what the site would refuse: its receipt says whom it believes, and how far it has come.
Result<void> judge_site(Store& store, const SiteState& site, const Authority& authority) {
  if (!site.receipt) return {};
  const ReceiptDomain* known = site.receipt->find(authority.domain());
  if (known == nullptr)
    return refuse(RefusalKind::untrusted,
                  "site " + site.site + " does not believe the keys of " + authority.founder() + ", in whose name this is signed",
                  "sign with the key, or under the root documents, that are enrolled there, or have these enrolled");
  if (known->version > authority.root.version)
    return refuse(RefusalKind::old_root,
                  fmt::format("site {} knows root document {} already, and {} is the newest here", site.site, known->version,
                              authority.root.version),
                  "give the newest root documents with --trust");
  if (!site.receipt->streams.empty() && site.receipt->find(store.stream()) == nullptr)
    return refuse(RefusalKind::unknown_stream, "site " + site.site + " follows another store than this one",
                  "export from the store that shipped to it before; if that is lost, type there 'patchferry trust stream add " +
                      to_hex(store.stream().bytes) + "', and bring a new receipt");
  return {};
}

/// The greatest number that the site has seen in this epoch, from whatever store: a rebuilt store goes on from there.
std::uint64_t seen_by(const SiteState& site, std::uint32_t epoch) {
  std::uint64_t seen = 0;
  if (site.receipt)
    for (const auto& stream : site.receipt->streams)
      if (stream.epoch == epoch) seen = std::max(seen, stream.sequence);
  return seen;
}

/// The bundle with the number before, if it is known which that was: by the site's word first, since it may have imported
/// what this store does not remember (it was put back from a backup, or died before it wrote that down).
Digest previous_of(Store& store, const SiteState& site, std::uint32_t epoch, std::uint64_t sequence) {
  if (site.receipt)
    if (const ReceiptStream* seen = site.receipt->find(store.stream());
        seen != nullptr && seen->epoch == epoch && seen->sequence + 1 == sequence)
      return seen->statement;
  return store.signed_under(site.site, sequence - 1).value_or(Digest{});
}

std::vector<ReceiptPatchset> patchsets_at(const SiteState& site) {
  std::vector<ReceiptPatchset> have;
  if (site.receipt) have = site.receipt->patchsets;
  for (const auto& p : site.assumed) have.push_back({p.name, p.archive});
  return have;
}

Digest state_before(const SiteState& site) { return state_of(patchsets_at(site)); }

Digest state_after(const Missing& missing) {
  std::vector<ReceiptPatchset> have = patchsets_at(missing.site);
  for (const auto& p : missing.patchsets) have.push_back({p.name.patchset.text, p.archive});
  return state_of(std::move(have));
}

Draft draft_of(Store& store, const Missing& missing, Manifest manifest, Packs& packs, std::uint64_t sequence,
               const ExportOrder& order, const Authority& authority) {
  Draft draft;
  draft.root_chain = authority.chain;
  draft.encrypt_to = order.encrypt_to;
  Statement& s = draft.statement;
  s.trust_domain = authority.domain();
  s.audience = audience_of(missing.site.site);
  s.stream = store.stream();
  s.epoch = authority.root.epoch;
  s.root_version = authority.root.version;
  s.sequence = sequence;
  s.previous = previous_of(store, missing.site, s.epoch, sequence);
  if (missing.site.basis != SiteState::Basis::nothing) s.state_before = state_before(missing.site);
  s.state_after = state_after(missing);
  s.created = now();
  if (order.good_for != 0) s.expires = s.created + order.good_for;
  s.bundle = random_bundle_id();
  // Ceilings: packs expand to no more, and archives unpack to no more.
  for (const auto& p : packs.tables.packs) s.expanded_bytes += p.expanded_bytes;
  for (const auto& p : manifest.patchsets) s.expanded_bytes += p.expanded_bytes;
  draft.manifest = std::move(manifest);
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

/// What the store remembers of it.
ShippedBundle shipped(const Missing& missing, const Statement& s) {
  ShippedBundle out;
  out.epoch = s.epoch;
  out.root_version = s.root_version;
  out.sequence = s.sequence;
  out.created = s.created;
  out.domain = s.trust_domain;
  out.bundle = s.bundle;
  out.statement = sha256(encode_statement(s));
  out.is_full = missing.site.basis == SiteState::Basis::nothing;
  for (const auto& p : missing.patchsets) out.patchsets.push_back({p.name.patchset.text, p.archive});
  out.withdrawn = missing.withdrawn;
  return out;
}

}  // namespace

Result<std::optional<Shipment>> export_bundle(Store& store, const ExportOrder& order, const Authority& authority) {
  // What is there, and what of it the site lacks.
  if (auto judged = judge_site(store, order.site, authority); !judged) return tl::unexpected(std::move(judged.error()));
  Snapshot snapshot = scan(store);
  snapshot.channel = order.channel;
  const Missing missing = select(snapshot, order.site, authority.root.version);
  if (missing.is_empty()) return std::optional<Shipment>();

  // Of which contents each archive is made; which of them travel, in which pack.
  const auto pieces = decompose(store, missing);
  Packs packs = pack(store, missing, pieces, order.effort);
  Manifest manifest = describe(store, missing);
  Shipment shipment{"",
                    {},
                    missing.patchsets,
                    missing.differing,
                    missing.withdrawn,
                    pieces,
                    authority.signers.size(),
                    authority.needed(Role::release)};
  if (order.dry_run) {
    shipment.statement.payload_bytes = packs.payload.bytes();
    return shipment;
  }

  // A number that is durable before anything is signed: a lost one is a harmless gap, a reused one a fork.
  const std::uint64_t sequence = store.reserve_sequence(order.site.site, seen_by(order.site, authority.root.epoch));

  // Which bytes lie in which volume; every block is hashed.
  Draft draft = draft_of(store, missing, std::move(manifest), packs, sequence, order, authority);
  auto layout = [&] {
    Progress progress("hashing", draft.payload.bytes());
    return lay_out(std::move(draft), order.volume_size, [&](std::uint64_t n) { progress.add(n); });
  }();
  if (!layout) return tl::unexpected(std::move(layout.error()));

  // The signatures, the medium, and what the medium gives back.
  const SignedBundle bundle = sign(std::move(*layout), authority.all());
  store.record_signed(order.site.site, sequence, sha256(encode_statement(bundle.layout.statement)));
  shipment.path = deliver(bundle, order.to);
  shipment.statement = bundle.layout.statement;

  store.record_shipment(order.site.site, shipped(missing, shipment.statement));
  return shipment;
}

}  // namespace patchferry::mirror
