// SPDX-License-Identifier: Apache-2.0
// The internet side's store: a folder of archives and a catalogue of what they are.
//
//   S/archives/<file>            the vendor's bytes
//   S/objects/, S/spool/         what is inside them (content_store.h)
//   S/patchferry-store.sqlite    catalogue, sites, receipts, shipments
//   S/lock
//
// Whoever has a Store holds its lock. An archive file without a catalogue entry is a left-over and ignored.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bundle-format/channel.h"
#include "bundle-format/patchset_name.h"
#include "bundle-format/receipt.h"
#include "bundle-format/site_key.h"
#include "bundle-format/statement.h"
#include "mirror/take_apart.h"
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
  std::string channel = kDefaultChannel;
};

struct FirstFix {
  std::string cve;
  unsigned cvss_tenths = 0;
  std::string kernel;
};

/// A bundle that was made, read back and found good.
struct ShippedBundle {
  std::uint32_t epoch = 1;
  std::uint32_t root_version = 1;
  std::uint64_t sequence = 0;
  std::uint64_t created = 0;
  BundleId bundle{};
  Digest statement{};
  std::optional<Digest> domain;  // in whose name; none: made by an older program
  bool is_full = false;
  std::vector<ReceiptPatchset> patchsets;  // that it brings
  std::vector<std::string> withdrawn;      // that it withdraws
};

struct KnownSite {
  std::string name;
  PublicKey key;  // its receipts are signed by
  std::optional<EncryptionKey> encryption;
  std::optional<std::uint64_t> issued;  // of its newest receipt
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
  /// One transaction; the archive is in archives/ already, and what it was taken apart into is in contents().
  void record(const StoredPatchset& patchset, const TakenApart& apart);
  /// It was taken apart once more.
  void record_again(const StoredPatchset& patchset, const TakenApart& apart);
  void set_channel(std::int64_t patchset, const std::string& channel);
  /// Regular files, in archive order.
  std::vector<Member> members(std::int64_t patchset);
  /// What lies in these patchsets, each content once, in the order of likeness; one at a time, however many there are.
  void each_member(const std::vector<StoredPatchset>& patchsets, const std::function<void(const Member&)>& each);
  /// All of them, and its recipe if it has one, are in contents().
  bool has_contents(const StoredPatchset& patchset);
  /// The archive, hashed: a SystemFailure if it is gone or has changed.
  Fd open_archive(const StoredPatchset& patchset) const;
  /// Nullopt: it was never taken apart.
  std::optional<Travel> travel_of(const Digest& archive);
  const ContentStore& contents() const { return contents_; }
  /// What a patchset was the first to fix, ascending by CVE, kernel.
  std::vector<FirstFix> first_fixes(std::int64_t patchset);

  /// True if this would be the site's first receipt, whose key keep_receipt() pins. Refused (bad_receipt) if it carries
  /// another key than the pinned one.
  Result<bool> is_first_receipt(const SignedReceipt& receipt);
  /// Keeps a receipt that is_first_receipt() has let through, unless a newer one is kept already.
  void keep_receipt(const SignedReceipt& receipt, std::string_view text);
  std::optional<Receipt> newest_receipt(const std::string& site);
  /// Sites whose key is pinned, by name.
  std::vector<KnownSite> sites();
  std::optional<KnownSite> find_site(const std::string& name);
  /// Pins a key, in place of another if there is one; receipts by that one are forgotten.
  void pin_site(const std::string& name, const SitePublicKey& key);

  /// Durable before it returns; never the same number twice. `at_least`: what the site has seen already.
  std::uint64_t reserve_sequence(const std::string& site, std::uint64_t at_least);
  /// Made for the site, in order.
  std::vector<ShippedBundle> shipments(const std::string& site);
  /// Hash of the statement that was signed under this number, whether it is known to have been delivered or not.
  std::optional<Digest> signed_under(const std::string& site, std::uint64_t sequence);
  /// Before it is delivered: it may reach the site even if this program does not live to record the shipment.
  void record_signed(const std::string& site, std::uint64_t sequence, const Digest& statement);
  void record_shipment(const std::string& site, const ShippedBundle& shipment);

  /// False if it was withdrawn before.
  bool withdraw(const std::string& name);
  /// Ascending, whether the store holds them or not.
  std::vector<std::string> withdrawn();

 private:
  void keep_apart(std::int64_t patchset, const Digest& archive, const TakenApart& apart);

  std::string path_;
  ContentStore contents_;
  Lock lock_;
  Database db_;
};

}  // namespace patchferry::mirror
