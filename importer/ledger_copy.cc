// SPDX-License-Identifier: Apache-2.0
#include "importer/ledger_copy.h"

#include <fmt/format.h>
#include <map>
#include <sstream>
#include <tuple>

#include "importer/ledger.h"
#include "system/atomic_file.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr const char* kFirstLine = "patchferry-ledger-1";
constexpr std::uint64_t kMaxCopy = 16 << 20;

struct StreamLine {
  bool accepted = true;
  std::uint64_t epoch = 0;  // 0, as the next two: nothing has come yet
  std::uint64_t sequence = 0;
  Digest statement{};
};
struct RootLine {
  std::uint64_t version = 0;
  Digest document{};
};
struct Copy {
  std::map<Id16, StreamLine> streams;
  std::map<Digest, RootLine> roots;
  std::uint64_t floor = 0;
};

Copy of_database(Site& site) {
  Copy out;
  Query streams(site.db(), "SELECT id, accepted FROM stream");
  while (streams.step())
    if (const auto id = streams.array<16>(0); id != Id16{}) out.streams[id].accepted = streams.integer(1) != 0;
  for (const auto& e : ledger(site).imported) {  // ascending, so the last one of each stream stays
    StreamLine& line = out.streams[e.stream.bytes];
    line = {line.accepted, e.epoch, e.sequence, e.statement};
  }
  Query roots(site.db(), "SELECT domain, version, document FROM root");
  while (roots.step()) out.roots[roots.array<32>(0)] = {roots.number(1), roots.array<32>(2)};
  out.floor = site_time(site).floor;
  return out;
}

std::string encode(const Copy& copy) {
  std::string text = std::string(kFirstLine) + "\n";
  for (const auto& [id, s] : copy.streams)
    text += fmt::format("stream {} {} {} {} {}\n", to_hex(id), s.accepted ? 1 : 0, s.epoch, s.sequence, to_hex(s.statement));
  for (const auto& [domain, r] : copy.roots)
    text += fmt::format("root {} {} {}\n", to_hex(domain), r.version, to_hex(r.document));
  text += fmt::format("floor {}\n", copy.floor);
  return text + "end " + to_hex(sha256(as_bytes(text))) + "\n";
}

/// Nothing if it is not what encode() writes.
std::optional<Copy> decode(const std::string& text) {
  Copy out;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string kind;
    std::string name;
    std::string hash;
    words >> kind;
    if (kind == "floor") {
      words >> out.floor;
    } else if (kind == "stream") {
      StreamLine s;
      words >> name >> s.accepted >> s.epoch >> s.sequence >> hash;
      s.statement = array_from_hex<32>(hash).value_or(Digest{});
      out.streams[array_from_hex<16>(name).value_or(Id16{})] = s;
    } else if (kind == "root") {
      RootLine r;
      words >> name >> r.version >> hash;
      r.document = array_from_hex<32>(hash).value_or(Digest{});
      out.roots[array_from_hex<32>(name).value_or(Digest{})] = r;
    }
  }
  if (encode(out) != text) return std::nullopt;
  return out;
}

/// Nothing if it is damaged; throws if it cannot be read.
std::optional<Copy> read_copy(const std::string& path) {
  const auto bytes = read_whole(path, kMaxCopy);
  return decode(std::string(bytes ? as_text(*bytes) : ""));
}

/// The copy tells of more than the database knows, or of something else: the database was put back.
std::vector<StreamId> behind_copy(const Copy& database, const Copy& copy) {
  std::vector<StreamId> out;
  for (const auto& [id, there] : copy.streams) {
    const auto found = database.streams.find(id);
    const StreamLine here = found == database.streams.end() ? StreamLine{} : found->second;
    const auto come = std::tie(here.epoch, here.sequence);
    const auto known = std::tie(there.epoch, there.sequence);
    if (come < known || (come == known && here.statement != there.statement)) out.push_back({id});
  }
  if (!out.empty() || database.floor >= copy.floor) return out;
  // The numbers agree, and yet something newer had come: a head token, by which the copy was brought down to this database.
  for (const auto& [id, line] : copy.streams)
    if (line.accepted) out.push_back({id});
  return out;
}

/// Takes over what only goes forward; true if there was anything.
bool adopt_roots(Site& site, const Copy& database, const Copy& copy) {
  bool any = false;
  for (const auto& [domain, there] : copy.roots) {
    const auto here = database.roots.find(domain);
    if (here != database.roots.end() && here->second.version >= there.version) continue;
    Query(site.db(), "INSERT OR REPLACE INTO root VALUES(?1,?2,?3)").bind(domain, there.version, there.document).run();
    any = true;
  }
  return any;
}

void raise_alarm(Site& site, const std::vector<StreamId>& streams, const std::string& why) {
  doubt(site, streams, why);
  note("alarm: " + why + ": see 'patchferry status'");
}

/// The copy itself is of no use. Nothing was lost if nothing had ever been written down.
void doubt_all(Site& site, const std::string& why) {
  std::vector<StreamId> streams = ledger(site).streams;
  if (streams.empty()) streams.push_back(StreamId{});
  Transaction transaction(site.db());
  raise_alarm(site, streams, why);
  transaction.commit();
}

bool was_made(Site& site) { return Query(site.db(), "SELECT 1 FROM identity WHERE key='ledger_copy'").step(); }

}  // namespace

void compare_copy(Site& site) {
  const std::string path = site.settings().copy_path();
  const bool doubted = wanted_head(site).has_value();
  if (!exists(path)) {
    if (!was_made(site)) return write_copy(site);
    if (!doubted) doubt_all(site, "the second copy of the ledger, " + path + ", is gone");
    return;
  }
  const auto copy = read_copy(path);
  if (!copy) {
    if (!doubted) doubt_all(site, "the second copy of the ledger, " + path + ", is damaged");
    return;
  }
  const Copy database = of_database(site);
  const auto behind = behind_copy(database, *copy);
  Transaction transaction(site.db());
  const bool roots = adopt_roots(site, database, *copy);
  raise_floor(site, copy->floor);
  if ((!behind.empty() || roots) && !doubted) {
    // What a person has decided about streams is as old as the database, too.
    for (const auto& [id, line] : copy->streams)
      Query(site.db(), "INSERT INTO stream(id, accepted) VALUES(?1,?2) ON CONFLICT(id) DO UPDATE SET accepted=excluded.accepted")
          .bind(id, line.accepted)
          .run();
    if (!behind.empty())
      raise_alarm(site, behind, "the database is behind its copy of the ledger: it was put back from a backup");
    else
      site.audit({.what = "ledger", .detail = "root documents taken from the second copy: the database was put back"});
  }
  transaction.commit();
  if (encode(of_database(site)) != encode(*copy)) write_copy(site);
}

void write_copy(Site& site) {
  const std::string path = site.settings().copy_path();
  try {
    Copy fresh = of_database(site);
    const LedgerView view = ledger(site);
    if (!view.in_doubt.empty()) {
      const auto old = exists(path) ? read_copy(path) : std::nullopt;
      if (!old) return;  // nothing is known of what is in doubt: that stays to be seen
      for (const auto& [id, line] : old->streams)
        if (view.doubts({id})) fresh.streams[id] = line;
    }
    write_file(path, as_bytes(encode(fresh)), 0644);
  } catch (const SystemFailure& failure) {
    return note(std::string("the second copy of the ledger will be brought up by a later command: ") + failure.what());
  }
  Query(site.db(), "INSERT OR IGNORE INTO identity VALUES('ledger_copy', 'made')").run();
}

}  // namespace patchferry::importer
