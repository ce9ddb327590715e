// SPDX-License-Identifier: Apache-2.0
#include "importer/audit.h"

#include <algorithm>
#include <fmt/format.h>

#include "system/atomic_file.h"
#include "system/calendar.h"
#include "system/file.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr const char* kEncoding = "patchferry-audit-1";
constexpr const char* kHeadFormat = "patchferry-audit-head-1";
constexpr const char* kCarried = "carried";
constexpr std::uint64_t kMaxHeadFile = 200;

/// Each field as "<length>:<bytes>," (a netstring), so that no two lists of fields have the same bytes.
class FieldHasher {
 public:
  void field(std::string_view text) {
    hasher_.add(as_bytes(std::to_string(text.size()) + ":"));
    hasher_.add(as_bytes(text));
    hasher_.add(as_bytes(","));
  }
  void field(std::int64_t number) { field(std::to_string(number)); }
  Digest finish() { return hasher_.finish(); }

 private:
  Hasher hasher_;
};

/// What no line, terminal or JSON document can be deceived by. Twice is once.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= 0x20 && c < 0x7f ? std::string(1, c) : printable(std::string_view(&c, 1));
  return out;
}

tl::unexpected<Refusal> altered(const Database& db, std::string text) {
  auto refusal = refuse(RefusalKind::altered_log, std::move(text),
                        "keep a copy of the base as it is, and find out who or what changed its database");
  refusal.value().where = db.path();
  return refusal;
}

tl::unexpected<Refusal> bad_entry(const Database& db, std::int64_t number, const char* what) {
  return altered(db, fmt::format("entry {} of the audit log {}", number, what));
}

/// The columns of entry_of(); `typeof`, because SQLite turns one type into another without a word.
constexpr const char* kSelect =
    "SELECT seq, at, who, what, bundle_sequence, bundle, detail, previous, hash,"
    " typeof(at) || ' ' || typeof(who) || ' ' || typeof(what) || ' ' || typeof(bundle_sequence) || ' ' || typeof(bundle)"
    " || ' ' || typeof(detail) || ' ' || typeof(previous) || ' ' || typeof(hash) FROM audit ORDER BY seq";

LogEntry entry_of(const Query& row) {
  LogEntry e;
  e.number = row.integer(0);
  e.at = row.integer(1);
  e.who = row.text(2);
  e.what = row.text(3);
  if (!row.is_null(4)) e.bundle_sequence = row.integer(4);
  e.bundle_id = row.blob(5);
  e.detail = row.text(6);
  e.previous = row.blob(7);
  e.hash = row.blob(8);
  return e;
}

bool has_right_types(const Query& row, const LogEntry& e) {
  const std::string types = row.text(9);
  if (e.bundle_sequence) return types == "integer text text integer blob text blob blob" && e.bundle_id.size() == 16;
  return types == "integer text text null null text blob blob";
}

bool equal(const Bytes& bytes, const Digest& digest) {
  return std::equal(bytes.begin(), bytes.end(), digest.begin(), digest.end());
}

struct Newest {
  std::int64_t number = 0;
  Digest hash{};
};

Newest newest(Database& db) {
  Query last(db, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1");
  if (!last.step()) return {};
  Newest out{last.integer(0), {}};
  // Of the wrong length: an altered log, which verify_log() will name; no reason for other commands to stop.
  if (const Bytes hash = last.blob(1); hash.size() == out.hash.size()) std::copy(hash.begin(), hash.end(), out.hash.begin());
  return out;
}

bool has_old_entries(Database& db) { return Query(db, "SELECT 1 FROM audit_old").step(); }

/// What entry 1 says of the entries from before the chain.
std::string carried_text(Database& db) {
  Query rows(db, "SELECT id, at, who, what, detail FROM audit_old ORDER BY id");
  FieldHasher hasher;
  std::uint64_t count = 0;
  for (; rows.step(); ++count) {
    for (const int number : {0, 1}) hasher.field(rows.integer(number));
    for (const int text : {2, 3, 4}) hasher.field(rows.text(text));
  }
  return fmt::format("{} from before the chain, SHA-256 {}", count_text(count, "entry"), to_hex(hasher.finish()));
}

std::string head_line(const Newest& head) { return fmt::format("{} {} {}\n", kHeadFormat, head.number, to_hex(head.hash)); }

/// nullopt: not what head_line() writes.
std::optional<Newest> parse_head(std::string_view text) {
  const auto first = text.find(' ');
  const auto second = text.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos || second - first > 20) return std::nullopt;
  Newest head;
  for (const char c : text.substr(first + 1, second - first - 1)) {
    if (c < '0' || c > '9' || head.number > 1'000'000'000'000) return std::nullopt;
    head.number = head.number * 10 + (c - '0');
  }
  const auto hash = array_from_hex<32>(text.substr(second + 1, 64));
  if (!hash) return std::nullopt;
  head.hash = *hash;
  return head_line(head) == text ? std::optional(head) : std::nullopt;
}

}  // namespace

Digest hash_of(const LogEntry& e) {
  FieldHasher hasher;
  hasher.field(kEncoding);
  hasher.field(e.number);
  hasher.field(e.at);
  hasher.field(e.who);
  hasher.field(e.what);
  hasher.field(e.bundle_sequence ? std::to_string(*e.bundle_sequence) : "");
  hasher.field(to_hex(e.bundle_id));
  hasher.field(e.detail);
  hasher.field(to_hex(e.previous));
  return hasher.finish();
}

void append(Database& db, const std::string& who, const AuditEvent& event) {
  const Newest last = newest(db);
  LogEntry e;
  e.number = last.number + 1;
  e.at = static_cast<std::int64_t>(now());
  e.who = plain(who);
  e.what = plain(event.what);
  e.detail = plain(event.detail);
  if (event.bundle) {
    e.bundle_sequence = static_cast<std::int64_t>(event.bundle->sequence);
    e.bundle_id.assign(event.bundle->id.bytes.begin(), event.bundle->id.bytes.end());
  }
  e.previous.assign(last.hash.begin(), last.hash.end());
  std::optional<Bytes> id;
  if (event.bundle) id = e.bundle_id;
  Query(
      db,
      "INSERT INTO audit(seq, at, who, what, bundle_sequence, bundle, detail, previous, hash) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)")
      .bind(e.number, e.at, e.who, e.what, e.bundle_sequence, id, e.detail, e.previous, hash_of(e))
      .run();
}

void read_log(Database& db, const std::function<void(const LogEntry&)>& each) {
  Query rows(db, kSelect);
  while (rows.step()) each(entry_of(rows));
}

Result<LogState> verify_log(Database& db) {
  LogState state;
  bool is_carried = false;
  Query rows(db, kSelect);
  while (rows.step()) {
    const LogEntry e = entry_of(rows);
    const auto expected = static_cast<std::int64_t>(state.entries) + 1;
    if (e.number < expected) return bad_entry(db, e.number, "was put in");
    if (e.number > expected) return bad_entry(db, expected, "is missing");
    if (!has_right_types(rows, e) || !equal(e.hash, hash_of(e))) return bad_entry(db, e.number, "is not what was written");
    if (!equal(e.previous, state.last)) return bad_entry(db, e.number, "does not follow the entry before it");
    if (e.number == 1) {
      is_carried = e.what == kCarried;
      if (is_carried && e.detail != carried_text(db))
        return altered(db, "the entries from before the chain (table audit_old) are not those that entry 1 vouches for");
    }
    state.last = hash_of(e);
    ++state.entries;
  }
  if (!is_carried && has_old_entries(db)) return altered(db, "table audit_old holds entries that the chain does not vouch for");
  return state;
}

Result<void> verify_head(Database& db, const std::string& head_file) {
  const Newest last = newest(db);
  if (!exists(head_file)) {
    // The first command of a base may be interrupted before it writes the file.
    if (last.number <= 1) return {};
    auto refusal = refuse(RefusalKind::altered_log, "audit.head, which knows the newest entry of the audit log, is not there",
                          "find out who removed it; docs/audit.md says how to begin it anew");
    refusal.value().where = head_file;
    return refusal;
  }
  const auto text = read_whole(head_file, kMaxHeadFile);
  const auto head = text ? parse_head(as_text(*text)) : std::nullopt;
  if (!head) {
    auto refusal = refuse(RefusalKind::altered_log, "audit.head is not what Patchferry writes",
                          "find out who changed it; docs/audit.md says how to begin it anew");
    refusal.value().where = head_file;
    return refusal;
  }
  if (head->number > last.number)
    return altered(
        db, fmt::format("entry {} of the audit log is missing: audit.head knows {}, so the newest were cut off, or an older "
                        "database was put back",
                        last.number + 1, count_text(static_cast<std::uint64_t>(head->number), "entry")));
  Query ask(db, "SELECT hash FROM audit WHERE seq=?1");
  ask.bind(head->number);
  if (head->number > 0 && (!ask.step() || !equal(ask.blob(0), head->hash)))
    return bad_entry(db, head->number, "is another than the one that audit.head knows");
  return {};
}

Result<void> keep_head(Database& db, const std::string& head_file) {
  if (auto good = verify_head(db, head_file); !good) return good;
  const Newest last = newest(db);
  const std::string line = head_line(last);
  if (last.number == 0) return {};
  if (exists(head_file))
    if (const auto text = read_whole(head_file, kMaxHeadFile); text && as_text(*text) == line) return {};
  write_file(head_file, as_bytes(line));
  return {};
}

bool holds_hash(Database& db, const Digest& hash) { return Query(db, "SELECT 1 FROM audit WHERE hash=?1").bind(hash).step(); }

void carry_over(Database& db, const std::string& who) {
  if (newest(db).number == 0 && has_old_entries(db)) append(db, who, {.what = kCarried, .detail = carried_text(db)});
}

}  // namespace patchferry::importer
