// SPDX-License-Identifier: Apache-2.0
#include "importer/evidence.h"

#include <fmt/format.h>

#include "system/atomic_file.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

std::string folder_name(const char* kind, std::uint64_t sequence, const Digest& statement) {
  return fmt::format("{}-{:06}-{}", kind, sequence, to_hex(ByteSpan(statement).first(8)));
}

struct KeptFile {
  const char* name;
  Bytes bytes;
};

/// False if it is there already.
bool keep(const Site& site, const std::string& name, const std::vector<KeptFile>& files) {
  const std::string folder = site.path("evidence/" + name);
  if (exists(folder)) return false;
  const std::string fresh = site.path("quarantine/evidence");
  remove_tree(fresh);
  make_folders(fresh);
  for (const auto& file : files) write_file(fresh + "/" + file.name, file.bytes);
  make_folders(site.path("evidence"));
  rename_path(fresh, folder);
  sync_folder(site.path("evidence"));
  return true;
}

/// The signed parts of an import, of a row (sequence, statement, document, envelope, chain).
void keep_ours(Site& site, const Query& row) {
  keep(site, folder_name("bundle", row.number(0), row.array<32>(1)),
       {{"statement", row.blob(2)}, {"envelope", row.blob(3)}, {"root-chain", row.blob(4)}});
}

}  // namespace

void keep_evidence(Site& site, const ExaminedBundle& bundle) {
  const Statement& s = bundle.statement();
  const auto statement = encode_statement(s);
  const bool fresh = keep(site, folder_name("bundle", s.sequence, bundle.statement_hash()),
                          {{"statement", Bytes(statement.begin(), statement.end())},
                           {"envelope", encode_envelope(bundle.envelope())},
                           {"root-chain", encode_root_chain(bundle.root_chain())}});
  // The other side: what was imported under this number, or as another one before it than the bundle names.
  Query ours(
      site.db(),
      "SELECT sequence, statement, document, envelope, chain FROM ledger JOIN root_chain ON hash=root_chain WHERE stream=?1 AND epoch=?2 AND "
      "((sequence=?3 AND statement<>?4) OR (sequence=?3-1 AND statement<>?5 AND ?5<>zeroblob(32)))");
  ours.bind(s.stream.bytes, s.epoch, s.sequence, bundle.statement_hash(), s.previous);
  while (ours.step()) keep_ours(site, ours);
  if (fresh)
    site.audit({.what = "fork",
                .bundle = AuditEvent::Bundle{s.sequence, s.bundle},
                .detail = "refused, and kept in evidence/: its number has another statement here"});
}

void keep_evidence(Site& site, const Notice& head, const std::string& token) {
  const ByteSpan text = as_bytes(token);
  const bool fresh = keep(site, folder_name("head", head.sequence, head.statement), {{"token", Bytes(text.begin(), text.end())}});
  Query ours(
      site.db(),
      "SELECT sequence, statement, document, envelope, chain FROM ledger JOIN root_chain ON hash=root_chain WHERE stream=?1 AND epoch=?2 AND "
      "sequence=?3");
  ours.bind(head.stream.bytes, head.epoch, head.sequence);
  while (ours.step()) keep_ours(site, ours);
  if (fresh)
    site.audit({.what = "fork",
                .detail = fmt::format("a head token was refused, and kept in evidence/: it speaks of another bundle {} ({})",
                                      head.sequence, to_hex(head.statement))});
}

std::vector<std::string> evidence(const Site& site) {
  const std::string folder = site.path("evidence");
  return is_folder(folder) ? folder_entries(folder) : std::vector<std::string>();
}

}  // namespace patchferry::importer
