// SPDX-License-Identifier: Apache-2.0
#include "importer/ledger.h"

#include <algorithm>
#include <fmt/format.h>
#include <sodium.h>
#include <tuple>

#include "importer/evidence.h"
#include "importer/ledger_copy.h"
#include "system/calendar.h"

namespace patchferry::importer {

namespace {

LedgerEntry entry(const Query& q) {
  return {StreamId{q.array<16>(0)}, static_cast<std::uint32_t>(q.integer(1)), q.number(2), q.array<32>(3)};
}

std::string remembered(Site& site, const char* key) {
  Query ask(site.db(), "SELECT value FROM identity WHERE key=?1");
  return ask.bind(key).step() ? ask.text(0) : std::string();
}

void remember(Site& site, const char* key, const std::string& value) {
  Query(site.db(), "INSERT OR REPLACE INTO identity VALUES(?1,?2)").bind(key, value).run();
}

void forget(Site& site, const char* key) { Query(site.db(), "DELETE FROM identity WHERE key=?1").bind(key).run(); }

constexpr const char* kFloor = "clock_floor";
constexpr const char* kChallenge = "head_challenge";

void raise_floor(Site& site, std::uint64_t made) {
  if (made > site_time(site).floor) remember(site, kFloor, std::to_string(made));
}

/// Ends the need for a head.
void satisfied(Site& site) { forget(site, kChallenge); }

}  // namespace

LedgerView ledger(Site& site) {
  LedgerView view;
  view.site = site.name();
  view.jump = site.settings().jump;
  Query imported(site.db(), "SELECT stream, epoch, sequence, statement FROM ledger ORDER BY stream, epoch, sequence");
  while (imported.step()) view.imported.push_back(entry(imported));
  Query heads(site.db(), "SELECT stream, epoch, sequence, statement FROM head ORDER BY stream");
  while (heads.step()) view.heads.push_back(entry(heads));
  Query streams(site.db(), "SELECT id FROM stream ORDER BY id");
  while (streams.step()) view.streams.push_back(StreamId{streams.array<16>(0)});
  if (const auto challenge = wanted_head(site)) {
    view.needs_head = true;
    view.challenge = encode_challenge(*challenge);
  }
  return view;
}

SiteTime site_time(Site& site) {
  const std::string floor = remembered(site, kFloor);
  return {now(), floor.empty() ? 0 : std::stoull(floor)};
}

std::uint64_t newest_made(Site& site) {
  Query newest(site.db(), "SELECT max(made) FROM (SELECT made FROM ledger UNION ALL SELECT made FROM head)");
  return newest.step() ? newest.number(0) : 0;
}

void record_import(Site& site, const VerifiedBundle& bundle) {
  const Statement& s = bundle.statement();
  Query(
      site.db(),
      "INSERT OR REPLACE INTO ledger(stream, epoch, sequence, statement, bundle, imported, made, document, envelope, root_chain) "
      "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)")
      .bind(s.stream.bytes, s.epoch, s.sequence, bundle.statement_hash(), s.bundle.bytes, now(), s.created, encode_statement(s),
            encode_envelope(bundle.envelope()), encode_root_chain(bundle.root_chain()))
      .run();
  Query(site.db(), "INSERT OR IGNORE INTO stream VALUES(?1,?2)").bind(s.stream.bytes, now()).run();
  raise_floor(site, s.created);
}

void record_root(Site& site, const Digest& domain, std::uint32_t version, const Digest& document) {
  Query(site.db(), "INSERT OR REPLACE INTO root VALUES(?1,?2,?3)").bind(domain, version, document).run();
}

Result<bool> take_head(Site& site, const Notice& head, const std::string& token) {
  const LedgerView view = ledger(site);
  const auto numbers = std::tie(head.epoch, head.sequence);
  for (const auto* entries : {&view.imported, &view.heads})
    for (const auto& e : *entries)
      if (e.stream == head.stream && e.epoch == head.epoch && e.sequence == head.sequence && e.statement != head.statement) {
        keep_evidence(site, head, token);
        return refuse(RefusalKind::fork,
                      fmt::format("it speaks of another bundle {} than the one that is known here", head.sequence),
                      "somebody signed two different bundles under one number: tell the exporter's people");
      }
  const auto wanted = wanted_head(site);
  const bool answers = wanted && *wanted == head.challenge;
  const LedgerEntry* last = view.last(head.stream);
  const LedgerEntry* known = view.head(head.stream);
  if (!answers) {
    for (const LedgerEntry* e : {last, known})
      if (e != nullptr && numbers < std::tie(e->epoch, e->sequence))
        return refuse(RefusalKind::stale,
                      fmt::format("it speaks of bundle {}, and bundle {} is known already", head.sequence, e->sequence),
                      "ask for a fresh head token");
    Query same(site.db(), "SELECT made FROM head WHERE stream=?1 AND epoch=?2 AND sequence=?3");
    if (same.bind(head.stream.bytes, head.epoch, head.sequence).step() && same.number(0) >= head.created) return false;
  }
  Transaction transaction(site.db());
  Query(site.db(), "INSERT OR REPLACE INTO head VALUES(?1,?2,?3,?4,?5,?6)")
      .bind(head.stream.bytes, head.epoch, head.sequence, head.statement, head.created, now())
      .run();
  raise_floor(site, head.created);
  if (answers) satisfied(site);
  site.audit({.what = "head",
              .detail = fmt::format("bundle {} is the newest by a token made {}{}", head.sequence, time_text(head.created),
                                    answers ? ", for this site's challenge" : "")});
  transaction.commit();
  write_copy(site);
  return true;
}

void accept_stream(Site& site, const StreamId& stream) {
  Transaction transaction(site.db());
  Query(site.db(), "INSERT OR IGNORE INTO stream VALUES(?1,?2)").bind(stream.bytes, now()).run();
  site.audit({.what = "stream", .detail = "accepted: " + to_hex(stream.bytes)});
  transaction.commit();
}

bool forget_stream(Site& site, const StreamId& stream) {
  if (!Query(site.db(), "SELECT 1 FROM stream WHERE id=?1").bind(stream.bytes).step()) return false;
  Transaction transaction(site.db());
  Query(site.db(), "DELETE FROM stream WHERE id=?1").bind(stream.bytes).run();
  site.audit({.what = "stream", .detail = "no longer accepted: " + to_hex(stream.bytes)});
  transaction.commit();
  return true;
}

void need_head(Site& site, const std::string& reason) {
  if (wanted_head(site)) return;
  Challenge challenge{};
  randombytes_buf(challenge.data(), challenge.size());
  Transaction transaction(site.db());
  remember(site, kChallenge, encode_challenge(challenge));
  site.audit({.what = "ledger", .detail = "needs a head token: " + reason});
  transaction.commit();
}

std::optional<Challenge> wanted_head(Site& site) {
  const std::string text = remembered(site, kChallenge);
  if (text.empty()) return std::nullopt;
  const auto challenge = decode_challenge(text);
  return challenge ? *challenge : Challenge{};
}

void waive_head(Site& site, const std::string& reason) {
  if (!wanted_head(site)) return;
  Transaction transaction(site.db());
  satisfied(site);
  site.audit({.what = "override", .detail = "no head token, and a person vouches for the ledger: " + reason});
  transaction.commit();
  write_copy(site);
}

}  // namespace patchferry::importer
