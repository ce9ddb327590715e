// SPDX-License-Identifier: Apache-2.0
// The internet side's store: a folder of archives and a catalogue of what they are.
//
//   S/archives/<file>            the vendor's bytes
//   S/patchferry-store.sqlite    catalogue, sites, receipts, shipments
//   S/lock
//
// Whoever has a Store holds its lock. An archive file without a catalogue entry is a left-over and ignored.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bundle-format/archive/contents.h"
#include "bundle-format/patchset_name.h"
#include "bundle-format/receipt.h"
#include "bundle-format/statement.h"
#include "system/lock.h"
#include "system/sqlite.h"

namespace patchferry::mirror {

struct StoredPatchset {
  std::int64_t id = 0;
  ArchiveName name;
  Digest archive{};
  std::uint64_t archive_bytes = 0;
  std::uint64_t expanded_bytes = 0;
  std::uint64_t first_seen = 0;
};

struct FirstFix {
  std::string cve;
  unsigned cvss_tenths = 0;
  std::string kernel;
};

class Store {
 public:
  enum class Open { existing, create };
  /// A folder that is not a store is a UsageError unless it is to be created (then it must be empty or absent).
  Store(const std::string& path, Open open);

  const std::string& path() const { return path_; }
  std::string archive_path(const std::string& file) const { return path_ + "/archives/" + file; }
  StreamId stream();

  /// In release order.
  std::vector<StoredPatchset> patchsets();
  std::optional<StoredPatchset> find(const std::string& name);
  /// One transaction; the archive is in archives/ already.
  void record(const StoredPatchset& patchset, const PatchsetContents& contents);
  /// What a patchset was the first to fix, ascending by CVE, kernel.
  std::vector<FirstFix> first_fixes(std::int64_t patchset);

  /// True if this would be the site's first receipt, whose key keep_receipt() pins. Refused (bad_receipt) if it carries
  /// another key than the pinned one.
  Result<bool> is_first_receipt(const SignedReceipt& receipt);
  /// Keeps a receipt that is_first_receipt() has let through, unless a newer one is kept already.
  void keep_receipt(const SignedReceipt& receipt, std::string_view text);
  std::optional<Receipt> newest_receipt(const std::string& site);

  /// Durable before it returns; never the same number twice. `at_least`: what the site has seen already.
  std::uint64_t reserve_sequence(const std::string& site, std::uint64_t at_least);
  /// Hash of the statement of the last shipment made for the site; zero if none.
  Digest last_statement(const std::string& site);
  void record_shipment(const std::string& site, const Statement& statement, const Digest& statement_hash);

 private:
  std::string path_;
  Lock lock_;
  Database db_;
};

}  // namespace patchferry::mirror
