// SPDX-License-Identifier: Apache-2.0
// The audit log: who did what to this site, when. Entries are appended, never changed, and each holds the hash of the one
// before, so that an entry that was altered, taken out, moved or put in is noticed (docs/audit.md).
//
// A chain cannot show that its newest entries were cut off. So BASE/audit.head, outside the database, holds the newest number
// and hash. It may lag behind (a crash); the database may not lag behind it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "bundle-format/hash.h"
#include "bundle-format/statement.h"
#include "system/refusal.h"
#include "system/sqlite.h"

namespace patchferry::importer {

/// What is to be written down.
struct AuditEvent {
  struct Bundle {
    std::uint64_t sequence = 0;
    BundleId id{};
  };
  std::string what = {};  // one short stable word, such as "import": docs/audit.md lists them
  std::optional<Bundle> bundle = {};
  std::string detail = {};
};

/// An entry as the database holds it, good or not.
struct LogEntry {
  std::int64_t number = 0;  // 1, 2, … without gaps
  std::int64_t at = 0;      // seconds since 1970
  std::string who;
  std::string what;
  std::optional<std::int64_t> bundle_sequence;
  Bytes bundle_id;  // empty: the entry is about no bundle
  std::string detail;
  Bytes previous;  // hash of the entry before; of the first: zeros
  Bytes hash;
};

struct LogState {
  std::uint64_t entries = 0;
  Digest last{};  // hash of the newest entry; zeros: there is none
};

/// SHA-256 over docs/audit.md's encoding of all fields but `hash` itself.
Digest hash_of(const LogEntry& entry);

/// Appends within the caller's transaction, if there is one. What is not printable ASCII goes in as \xNN.
void append(Database& db, const std::string& who, const AuditEvent& event);

/// Calls `each` in order.
void read_log(Database& db, const std::function<void(const LogEntry&)>& each);

/// Reads the whole chain. altered_log, naming the first bad entry.
Result<LogState> verify_log(Database& db);

/// Whether the log holds the entry that `head_file` names (altered_log if not). The chain itself is not read.
Result<void> verify_head(Database& db, const std::string& head_file);

/// Brings `head_file` up to the newest entry. One that the log does not agree with is evidence, and is left as it is: altered_log.
Result<void> keep_head(Database& db, const std::string& head_file);

/// Whether an entry has this hash, written down somewhere else.
bool holds_hash(Database& db, const Digest& hash);

/// A database from before entries were chained: begins the chain with an entry that vouches for what audit_old holds.
void carry_over(Database& db, const std::string& who);

}  // namespace patchferry::importer
