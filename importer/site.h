// SPDX-License-Identifier: Apache-2.0
// The base directory of a site: its folders, its lock, its database, and the one rule of every command: what an
// interrupted command has decided is finished before anything new is decided.
#pragma once

#include <string>

#include "bundle-format/write/signing_key.h"
#include "importer/audit.h"
#include "system/lock.h"
#include "system/sqlite.h"
#include "verifier/ledger_rules.h"
#include "verifier/trust.h"

namespace patchferry::importer {

class Site {
 public:
  /// Makes a base: folders, site.key, trust/, database with feed main. UsageError if there is one already.
  static void create(const std::string& base, const std::string& name, const std::vector<PublicKey>& trusted);

  enum class Wait { yes, no };
  /// Locks, opens, rolls pending renames forward, and tidies the quarantine.
  Site(const std::string& base, Wait wait);
  /// Brings audit.head up, if this command has audited anything.
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  const std::string& base() const { return base_; }
  const std::string& name() const { return name_; }
  Database& db() { return db_; }
  std::string path(const std::string& relative) const { return base_ + "/" + relative; }
  std::string arch() const { return base_ + "/arch"; }
  std::string object_path(const Digest& hash) const;
  std::string resources(const std::string& patchset) const { return base_ + "/resources/" + patchset; }
  std::string quarantine() const { return base_ + "/quarantine"; }

  TrustAnchors anchors() const;
  LedgerView ledger();
  SigningKey key() const;

  /// Performs all renames that the database has recorded; each is done once or not at all.
  void roll_forward();
  /// True between the transaction of a commit and the last of its renames.
  bool has_pending_renames();
  static constexpr const char* kAdoptWork = "adopt";

  /// Appends to the audit log, within the caller's transaction if there is one.
  void audit(const AuditEvent& event);
  std::string log_head() const { return base_ + "/audit.head"; }

 private:
  /// Takes away what interrupted commands have left in quarantine/ of work that is done.
  void tidy_quarantine();
  /// Brings audit.head up. It lagging behind harms nothing, so a failure is a note.
  void keep_log_head();

  std::string base_;
  Lock lock_;
  Database db_;
  std::string name_;
  bool audited_ = false;  // since audit.head was brought up
};

}  // namespace patchferry::importer
