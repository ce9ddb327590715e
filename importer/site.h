// SPDX-License-Identifier: Apache-2.0
// The base directory of a site: its folders, its lock, its database, and the one rule of every command: what an
// interrupted command has decided is finished before anything new is decided.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bundle-format/write/site_secret.h"
#include "importer/audit.h"
#include "importer/database_sum.h"
#include "importer/settings.h"
#include "system/lock.h"
#include "system/sqlite.h"
#include "verifier/trust.h"

namespace patchferry::importer {

/// Who typed the command: the login name behind sudo, if there is one.
std::string who();

class Site {
 public:
  /// Makes a base: folders, site.key, trust/, database with feed main. UsageError if there is one already.
  static void create(const std::string& base, const std::string& name, const TrustAnchors& trusted);

  enum class Wait { yes, no };
  /// Locks, opens, rolls pending renames forward, tidies the quarantine, and compares the ledger with its second copy.
  Site(const Settings& settings, Wait wait);
  /// Brings audit.head up, if this command has audited anything, and the database's sum, if it has changed it.
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  const Settings& settings() const { return settings_; }
  const std::string& base() const { return settings_.base; }
  const std::string& name() const { return name_; }
  Database& db() { return db_; }
  std::string path(const std::string& relative) const { return base() + "/" + relative; }
  std::string arch() const { return base() + "/arch"; }
  std::string object_path(const Digest& hash) const;
  std::string resources(const std::string& patchset) const { return base() + "/resources/" + patchset; }
  std::string quarantine() const { return base() + "/quarantine"; }

  SiteSecret secret() const;
  /// The database is not what the last command left (database_sum.h): something has changed it on the disk.
  bool has_changed_database() const { return sum_ == SumState::differs; }

  /// Performs all renames that were recorded, each once or not at all. What goes to the trash waits until no feed is behind.
  void roll_forward();
  /// True between the transaction of a commit and the last of its renames.
  bool has_pending_renames();

  /// Appends to the audit log, within the caller's transaction if there is one.
  void audit(const AuditEvent& event);
  std::string log_head() const { return base() + "/audit.head"; }

 private:
  /// Takes away what interrupted commands have left in quarantine/ of work that is done.
  void tidy_quarantine();
  /// Brings audit.head up. It lagging behind harms nothing, so a failure is a note.
  void keep_log_head();

  Settings settings_;
  Lock lock_;
  SumState sum_;  // of the database, before it was opened
  Database db_;
  std::string name_;
  bool audited_ = false;                  // since audit.head was brought up
  std::optional<std::uint32_t> changes_;  // of the database, when it was opened (database_sum.h)
};

}  // namespace patchferry::importer
