// SPDX-License-Identifier: Apache-2.0
#include "importer/evidence.h"

#include <fmt/format.h>
#include <map>

#include "importer/roots.h"
#include "system/atomic_file.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

using Parts = std::map<std::string, Bytes>;  // by file name

std::string folder_name(const char* kind, std::uint64_t sequence, const Digest& statement) {
  return fmt::format("{}-{:06}-{}", kind, sequence, to_hex(ByteSpan(statement).first(8)));
}

/// False if it is there already.
bool keep(const Site& site, const std::string& name, const Parts& parts) {
  const std::string folder = site.path("evidence/" + name);
  if (exists(folder)) return false;
  const std::string fresh = site.path("quarantine/evidence");
  remove_tree(fresh);
  make_folders(fresh);
  for (const auto& [file, bytes] : parts) write_file(fresh + "/" + file, bytes);
  make_folders(site.path("evidence"));
  rename_path(fresh, folder);
  sync_folder(site.path("evidence"));
  return true;
}

Parts signed_parts(ByteSpan statement, ByteSpan envelope) {
  return {{"statement", Bytes(statement.begin(), statement.end())}, {"envelope", Bytes(envelope.begin(), envelope.end())}};
}

/// The documents under which an import of ours was signed, as far as they are still here.
void add_chain(Site& site, Parts& parts, ByteSpan statement_bytes) {
  const auto statement = decode_statement(statement_bytes);
  if (!statement) return;
  const TrustAnchors known = anchors(site);
  const TrustAnchor* anchor = known.find(statement->trust_domain);
  if (anchor == nullptr || anchor->chain.size() < statement->root_version) return;
  if (anchor->chain.front().envelope.empty()) {
    const std::string key = encode_public_key(anchor->root.keys.front());
    parts["key.pub"] = Bytes(as_bytes(key).begin(), as_bytes(key).end());
    return;
  }
  parts["root-chain"] = encode_root_chain({anchor->chain.begin(), anchor->chain.begin() + statement->root_version});
}

/// What was imported under one of these numbers.
void keep_ours(Site& site, const StreamId& stream, std::uint32_t epoch, std::uint64_t from, std::uint64_t to) {
  Query ours(site.db(),
             "SELECT sequence, statement, document, envelope FROM ledger WHERE stream=?1 AND epoch=?2 AND "
             "sequence BETWEEN ?3 AND ?4 AND document IS NOT NULL");
  ours.bind(stream.bytes, epoch, from, to);
  while (ours.step()) {
    Parts parts = signed_parts(ours.blob(2), ours.blob(3));
    add_chain(site, parts, ours.blob(2));
    keep(site, folder_name("bundle", ours.number(0), ours.array<32>(1)), parts);
  }
}

}  // namespace

void keep_evidence(Site& site, const ExaminedBundle& bundle) {
  const Statement& s = bundle.statement();
  Parts parts = signed_parts(encode_statement(s), encode_envelope(bundle.envelope()));
  parts["root-chain"] = encode_root_chain(bundle.root_chain());
  const bool fresh = keep(site, folder_name("bundle", s.sequence, bundle.statement_hash()), parts);
  // Under the same number, or as the one before, which the bundle names by hash.
  keep_ours(site, s.stream, s.epoch, s.sequence - 1, s.sequence);
  if (fresh)
    site.audit({.what = "fork",
                .bundle = AuditEvent::Bundle{s.sequence, s.bundle},
                .detail = "refused, and kept in evidence/: its number has another statement here"});
}

void keep_evidence(Site& site, const Notice& head, const std::string& token, const Digest& known) {
  const bool fresh = keep(site, folder_name("head", head.sequence, head.statement),
                          {{"token", Bytes(as_bytes(token).begin(), as_bytes(token).end())}});
  keep_ours(site, head.stream, head.epoch, head.sequence, head.sequence);
  if (fresh)
    site.audit(
        {.what = "fork",
         .detail = fmt::format("a head token, kept in evidence/, speaks of another bundle {} ({}) than the one known here ({})",
                               head.sequence, to_hex(head.statement), to_hex(known))});
}

std::vector<std::string> evidence(const Site& site) {
  const std::string folder = site.path("evidence");
  return is_folder(folder) ? folder_entries(folder) : std::vector<std::string>();
}

}  // namespace patchferry::importer
