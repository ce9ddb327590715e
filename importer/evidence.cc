// SPDX-License-Identifier: Apache-2.0
#include "importer/evidence.h"

#include <fmt/format.h>

#include "system/atomic_file.h"
#include "system/file.h"

namespace patchferry::importer {

namespace {

std::string folder_name(std::uint64_t sequence, const Digest& statement) {
  return fmt::format("bundle-{:06}-{}", sequence, to_hex(ByteSpan(statement).first(8)));
}

/// False if it is there already.
bool keep(const Site& site, const std::string& name, ByteSpan statement, ByteSpan envelope, ByteSpan root_chain) {
  const std::string folder = site.path("evidence/" + name);
  if (exists(folder)) return false;
  const std::string fresh = site.path("quarantine/evidence");
  remove_tree(fresh);
  make_folders(fresh);
  write_file(fresh + "/statement", statement);
  write_file(fresh + "/envelope", envelope);
  write_file(fresh + "/root-chain", root_chain);
  make_folders(site.path("evidence"));
  rename_path(fresh, folder);
  sync_folder(site.path("evidence"));
  return true;
}

}  // namespace

void keep_evidence(Site& site, const ExaminedBundle& bundle) {
  const Statement& s = bundle.statement();
  const Bytes chain = encode_root_chain(bundle.root_chain());
  const bool fresh = keep(site, folder_name(s.sequence, bundle.statement_hash()), encode_statement(s),
                          encode_envelope(bundle.envelope()), chain);
  // The other side: what was imported under this number, or as the one before it.
  Query ours(site.db(),
             "SELECT sequence, statement, document, envelope FROM ledger WHERE stream=?1 AND epoch=?2 AND "
             "(sequence=?3 OR sequence=?3-1) AND document IS NOT NULL");
  ours.bind(s.stream.bytes, s.epoch, s.sequence);
  while (ours.step()) keep(site, folder_name(ours.number(0), ours.array<32>(1)), ours.blob(2), ours.blob(3), chain);
  if (fresh)
    site.audit({.what = "fork",
                .bundle = AuditEvent::Bundle{s.sequence, s.bundle},
                .detail = "refused, and kept in evidence/: its number has another statement here"});
}

std::vector<std::string> evidence(const Site& site) {
  const std::string folder = site.path("evidence");
  return is_folder(folder) ? folder_entries(folder) : std::vector<std::string>();
}

}  // namespace patchferry::importer
