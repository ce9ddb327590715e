// SPDX-License-Identifier: Apache-2.0
#include "importer/ledger_copy.h"

#include <fmt/format.h>
#include <map>
#include <set>
#include <sodium.h>
#include <sstream>
#include <tuple>

#include "importer/catalogue.h"
#include "importer/ledger.h"
#include "system/atomic_file.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr const char* kFirstLine = "patchferry-ledger-3 ";
constexpr const char* kOldFirstLine = "patchferry-ledger-2 ";  // without names of what was withdrawn
constexpr std::uint64_t kMaxCopy = 16 << 20;

struct StreamLine {
  bool accepted = true;
  bool in_doubt = false;
  std::uint64_t epoch = 0;  // 0, as the next two: nothing has come yet
  std::uint64_t sequence = 0;
  Digest statement{};
};
struct HeadLine {
  std::uint64_t epoch = 0;
  std::uint64_t sequence = 0;
  Digest statement{};
};
struct RootLine {
  bool disowned = false;
  std::uint64_t version = 0;
  Digest document{};
};
struct Copy {
  std::string challenge = "-";
  std::map<Id16, StreamLine> streams;
  std::map<Id16, HeadLine> heads;
  std::map<Digest, RootLine> roots;
  std::set<std::string> withdrawn;
  std::uint64_t floor = 0;
  bool is_old = false;
};

Copy of_database(Site& site) {
  Copy out;
  if (const auto challenge = wanted_head(site)) out.challenge = encode_challenge(*challenge);
  Query streams(site.db(), "SELECT id, accepted, needs_head FROM stream");
  while (streams.step()) {
    StreamLine& line = out.streams[streams.array<16>(0)];
    line.accepted = streams.integer(1) != 0;
    line.in_doubt = streams.integer(2) != 0;
  }
  const LedgerView view = ledger(site);
  for (const auto& e : view.imported) {  // ascending, so the last one of each stream stays
    StreamLine& line = out.streams[e.stream.bytes];
    line = {line.accepted, line.in_doubt, e.epoch, e.sequence, e.statement};
  }
  for (const auto& e : view.heads) out.heads[e.stream.bytes] = {e.epoch, e.sequence, e.statement};
  Query roots(site.db(), "SELECT domain, disowned, version, document FROM root");
  while (roots.step()) out.roots[roots.array<32>(0)] = {roots.integer(1) != 0, roots.number(2), roots.array<32>(3)};
  for (auto& name : withdrawn_names(site)) out.withdrawn.insert(std::move(name));
  out.floor = site_time(site).floor;
  return out;
}

/// Only this site can write it.
std::string seal(Site& site, const std::string& text) {
  const SiteSecret secret = site.secret();
  Hasher derive;
  derive.add(as_bytes("patchferry ledger copy"));
  derive.add(secret.signing.seed());
  const Digest key = derive.finish();
  std::array<unsigned char, crypto_auth_BYTES> mac{};
  crypto_auth(mac.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
              reinterpret_cast<const unsigned char*>(key.data()));
  return to_hex(std::as_bytes(std::span(mac)));
}

std::string encode(Site& site, const Copy& copy) {
  std::string text = (copy.is_old ? kOldFirstLine : kFirstLine) + site.name() + "\nchallenge " + copy.challenge + "\n";
  for (const auto& [id, s] : copy.streams)
    text += fmt::format("stream {} {} {} {} {} {}\n", to_hex(id), s.accepted ? 1 : 0, s.in_doubt ? 1 : 0, s.epoch, s.sequence,
                        to_hex(s.statement));
  for (const auto& [id, h] : copy.heads)
    text += fmt::format("head {} {} {} {}\n", to_hex(id), h.epoch, h.sequence, to_hex(h.statement));
  for (const auto& [domain, r] : copy.roots)
    text += fmt::format("root {} {} {} {}\n", to_hex(domain), r.disowned ? 1 : 0, r.version, to_hex(r.document));
  for (const auto& name : copy.withdrawn) text += "withdrawn " + name + "\n";
  text += fmt::format("floor {}\n", copy.floor);
  return text + "end " + seal(site, text) + "\n";
}

/// Nothing if it is not what encode() writes here. Whose it is, is known before anything in it counts.
std::optional<Copy> decode(Site& site, const std::string& text) {
  const auto end = text.rfind("end ");
  if (end == std::string::npos || text.substr(end) != "end " + seal(site, text.substr(0, end)) + "\n") return std::nullopt;
  Copy out;
  out.is_old = text.starts_with(kOldFirstLine);
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string kind;
    std::string name;
    std::string hash;
    words >> kind;
    if (kind == "challenge") {
      words >> out.challenge;
    } else if (kind == "withdrawn") {
      words >> name;
      out.withdrawn.insert(name);
    } else if (kind == "floor") {
      words >> out.floor;
    } else if (kind == "stream") {
      StreamLine s;
      words >> name >> s.accepted >> s.in_doubt >> s.epoch >> s.sequence >> hash;
      s.statement = array_from_hex<32>(hash).value_or(Digest{});
      out.streams[array_from_hex<16>(name).value_or(Id16{})] = s;
    } else if (kind == "head") {
      HeadLine h;
      words >> name >> h.epoch >> h.sequence >> hash;
      h.statement = array_from_hex<32>(hash).value_or(Digest{});
      out.heads[array_from_hex<16>(name).value_or(Id16{})] = h;
    } else if (kind == "root") {
      RootLine r;
      words >> name >> r.disowned >> r.version >> hash;
      r.document = array_from_hex<32>(hash).value_or(Digest{});
      out.roots[array_from_hex<32>(name).value_or(Digest{})] = r;
    }
  }
  if (encode(site, out) != text) return std::nullopt;
  return out;
}

/// Nothing if it is damaged, or another site's; throws if it cannot be read.
std::optional<Copy> read_copy(Site& site, const std::string& path) {
  const auto bytes = read_whole(path, kMaxCopy);
  return decode(site, std::string(bytes ? as_text(*bytes) : ""));
}

/// The copy tells of more than the database knows, or of something else: the database was put back.
std::vector<StreamId> behind_copy(const Copy& database, const Copy& copy) {
  std::vector<StreamId> out;
  for (const auto& [id, there] : copy.streams) {
    const auto found = database.streams.find(id);
    const StreamLine here = found == database.streams.end() ? StreamLine{} : found->second;
    if (here.in_doubt && database.challenge == copy.challenge) continue;  // known, and not answered yet
    const auto come = std::tie(here.epoch, here.sequence);
    const auto known = std::tie(there.epoch, there.sequence);
    const auto head = copy.heads.find(id);
    const auto own = database.heads.find(id);
    const bool head_is_lost =
        head != copy.heads.end() && (own == database.heads.end() || std::tie(own->second.epoch, own->second.sequence) <
                                                                        std::tie(head->second.epoch, head->second.sequence));
    if (come < known || (come == known && here.statement != there.statement) || (there.in_doubt && !here.in_doubt) ||
        head_is_lost)
      out.push_back({id});
  }
  if (!out.empty() || database.floor >= copy.floor) return out;
  for (const auto& [id, line] : copy.streams)
    if (line.accepted) out.push_back({id});
  return out;
}

/// Takes over what only goes forward; true if there was anything.
bool adopt_roots(Site& site, const Copy& database, const Copy& copy) {
  bool any = false;
  for (const auto& [domain, there] : copy.roots) {
    const auto here = database.roots.find(domain);
    const bool known = here != database.roots.end() && here->second.version >= there.version;
    if (known && (here->second.disowned || !there.disowned)) continue;
    if (!known)
      Query(site.db(), "INSERT OR REPLACE INTO root(domain, version, document) VALUES(?1,?2,?3)")
          .bind(domain, there.version, there.document)
          .run();
    if (there.disowned) Query(site.db(), "UPDATE root SET disowned=1 WHERE domain=?1").bind(domain).run();
    any = true;
  }
  return any;
}

/// What the vendor has withdrawn stays withdrawn, whatever becomes of the database.
void adopt_withdrawn(Site& site, const Copy& database, const Copy& copy) {
  for (const auto& name : copy.withdrawn) {
    if (database.withdrawn.count(name) != 0) continue;
    withdraw(site, name, 0);
    site.audit({.what = "ledger", .detail = "withdrawn, by the second copy: " + name});
    note(name + " was withdrawn by the vendor, and the database that was put back did not know: it is out of every feed");
  }
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
/// From now on, one that is gone was taken away.
void note_made(Site& site) { Query(site.db(), "INSERT OR IGNORE INTO identity VALUES('ledger_copy', 'made')").run(); }

}  // namespace

void compare_copy(Site& site) {
  const std::string path = site.settings().copy_path();
  const bool doubted = wanted_head(site).has_value();
  if (!exists(path)) {
    if (!was_made(site)) return write_copy(site);
    if (!doubted) doubt_all(site, "the second copy of the ledger, " + path + ", is gone");
    return write_copy(site);
  }
  const auto copy = read_copy(site, path);
  if (!copy) {
    if (!doubted) doubt_all(site, "the second copy of the ledger, " + path + ", is damaged");
    return write_copy(site);
  }
  const Copy database = of_database(site);
  const auto behind = behind_copy(database, *copy);
  Transaction transaction(site.db());
  const bool roots = adopt_roots(site, database, *copy);
  adopt_withdrawn(site, database, *copy);
  raise_floor(site, copy->floor);
  if (!behind.empty() || roots) {
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
  if (!was_made(site)) note_made(site);  // whoever made it was killed before saying so
  transaction.commit();
  if (encode(site, of_database(site)) != encode(site, *copy)) write_copy(site);
}

void write_copy(Site& site) {
  const std::string path = site.settings().copy_path();
  try {
    Copy fresh = of_database(site);
    // How far a stream in doubt had come, only the copy may know; it says so until the doubt is over.
    if (const auto old = exists(path) ? read_copy(site, path) : std::nullopt)
      for (auto& [id, line] : fresh.streams) {
        const auto before = old->streams.find(id);
        if (!line.in_doubt || before == old->streams.end()) continue;
        if (std::tie(line.epoch, line.sequence) < std::tie(before->second.epoch, before->second.sequence))
          line = {line.accepted, line.in_doubt, before->second.epoch, before->second.sequence, before->second.statement};
        if (const auto head = old->heads.find(id); head != old->heads.end() && fresh.heads.count(id) == 0)
          fresh.heads[id] = head->second;
      }
    write_file(path, as_bytes(encode(site, fresh)), 0644);
  } catch (const SystemFailure& failure) {
    return note(std::string("the second copy of the ledger will be brought up by a later command: ") + failure.what());
  }
  note_made(site);
}

}  // namespace patchferry::importer
