// SPDX-License-Identifier: Apache-2.0
#include "importer/ledger_copy.h"

#include <charconv>
#include <fmt/format.h>
#include <map>
#include <sstream>
#include <tuple>

#include "importer/ledger.h"
#include "system/atomic_file.h"
#include "system/calendar.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr const char* kFirstLine = "patchferry-ledger-1";
constexpr std::uint64_t kMaxCopy = 16 << 20;

/// How far something has come: (epoch, sequence) of a stream, (0, version) of a root; and the hash that stands there.
struct Position {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;
  std::string hash;
};

struct Copy {
  std::map<std::string, Position> positions;  // "stream <id>", "root <domain>"
  std::uint64_t floor = 0;
};

Copy of_database(Site& site) {
  Copy out;
  for (const auto& e : ledger(site).imported)  // ascending, so the last one of each stream stays
    out.positions["stream " + to_hex(e.stream.bytes)] = {e.epoch, e.sequence, to_hex(e.statement)};
  Query roots(site.db(), "SELECT domain, version, document FROM root");
  while (roots.step()) out.positions["root " + to_hex(roots.array<32>(0))] = {0, roots.number(1), to_hex(roots.array<32>(2))};
  out.floor = site_time(site).floor;
  return out;
}

std::string encode(const Copy& copy) {
  std::string text = std::string(kFirstLine) + "\n";
  for (const char* kind : {"stream ", "root "})
    for (const auto& [name, p] : copy.positions)
      if (name.starts_with(kind))
        text += name + (*kind == 's' ? fmt::format(" {} {} {}\n", p.epoch, p.number, p.hash)
                                     : fmt::format(" {} {}\n", p.number, p.hash));
  text += fmt::format("floor {}\n", copy.floor);
  return text + "end " + to_hex(sha256(as_bytes(text))) + "\n";
}

/// Nothing if it is not what encode() writes.
std::optional<Copy> decode(const std::string& text) {
  Copy out;
  std::istringstream lines(text);
  std::string line;
  if (!std::getline(lines, line) || line != kFirstLine) return std::nullopt;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string kind;
    std::string name;
    Position p;
    words >> kind;
    if (kind == "floor") {
      words >> out.floor;
    } else if (kind == "stream") {
      words >> name >> p.epoch >> p.number >> p.hash;
    } else if (kind == "root") {
      words >> name >> p.number >> p.hash;
    } else {
      continue;
    }
    if (!words) return std::nullopt;
    if (!name.empty()) out.positions[kind + " " + name] = p;
  }
  if (encode(out) != text) return std::nullopt;
  return out;
}

bool behind(const Position& a, const Position& b) { return std::tie(a.epoch, a.number) < std::tie(b.epoch, b.number); }

/// Why the database cannot be the one that the copy was made of; empty if it can.
std::string suspicion(const Copy& database, const Copy& copy) {
  for (const auto& [name, there] : copy.positions) {
    const auto here = database.positions.find(name);
    if (here == database.positions.end() || behind(here->second, there))
      return fmt::format("the database is behind its copy ({} {} is missing)", name.substr(0, name.find(' ')), there.number);
    if (!behind(there, here->second) && here->second.hash != there.hash)
      return fmt::format("database and copy disagree on {} {}", name.substr(0, name.find(' ')), there.number);
  }
  // A head token may have come after the last bundle.
  if (database.floor < copy.floor)
    return "the database is behind its copy (what came last was made " + time_text(copy.floor) + ")";
  return {};
}

}  // namespace

void compare_copy(Site& site) {
  if (wanted_head(site)) return;
  const Copy database = of_database(site);
  const std::string path = site.settings().copy_path();
  if (!exists(path)) {
    if (Query(site.db(), "SELECT 1 FROM identity WHERE key='ledger_copy'").step() && !database.positions.empty()) {
      need_head(site, "the second copy of the ledger, " + path + ", is gone");
      note("alarm: the second copy of the ledger, " + path + ", is gone: see 'patchferry status'");
      return;
    }
    return write_copy(site);
  }
  const auto bytes = read_whole(path, kMaxCopy);
  const std::string text(bytes ? as_text(*bytes) : "");
  const auto copy = decode(text);
  const std::string why = copy ? suspicion(database, *copy) : "the second copy of the ledger, " + path + ", is damaged";
  if (!why.empty()) {
    // The streams at least are known: a head token can only speak of one that is accepted here.
    if (copy)
      for (const auto& [name, position] : copy->positions)
        if (const auto stream = array_from_hex<16>(name.substr(name.find(' ') + 1)); stream && name.starts_with("stream "))
          accept_stream(site, StreamId{*stream});
    need_head(site, why);
    return note("alarm: " + why + ": see 'patchferry status'");
  }
  if (encode(database) != text) write_copy(site);
}

void write_copy(Site& site) {
  // The copy says how far this site had come, and the database has forgotten it: both stay as they are until somebody has
  // said so, else the same old database could be put back again unnoticed.
  if (wanted_head(site)) return;
  write_file(site.settings().copy_path(), as_bytes(encode(of_database(site))), 0644);
  Query(site.db(), "INSERT OR IGNORE INTO identity VALUES('ledger_copy', 'made')").run();
}

}  // namespace patchferry::importer
