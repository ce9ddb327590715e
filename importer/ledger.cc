// SPDX-License-Identifier: Apache-2.0
#include "importer/ledger.h"

#include <fmt/format.h>
#include <sodium.h>
#include <tuple>

#include "importer/evidence.h"
#include "importer/ledger_copy.h"
#include "system/calendar.h"

namespace patchferry::importer {

namespace {

constexpr const char* kFloor = "clock_floor";
constexpr const char* kChallenge = "head_challenge";

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

void set_accepted(Site& site, const StreamId& stream, bool accepted) {
  Query(site.db(), "INSERT INTO stream(id, accepted) VALUES(?1,?2) ON CONFLICT(id) DO UPDATE SET accepted=excluded.accepted")
      .bind(stream.bytes, accepted)
      .run();
}

bool in_doubt(Site& site, const StreamId& stream) {
  return Query(site.db(), "SELECT 1 FROM stream WHERE needs_head=1 AND (id=?1 OR id=?2)")
      .bind(stream.bytes, StreamId{}.bytes)
      .step();
}

/// Of this stream, and of all of them if it was not known which.
void end_doubt(Site& site, const StreamId& stream) {
  Query(site.db(), "UPDATE stream SET needs_head=0 WHERE id=?1 OR id=?2").bind(stream.bytes, StreamId{}.bytes).run();
  Query(site.db(), "DELETE FROM stream WHERE id=?1").bind(StreamId{}.bytes).run();
  if (!Query(site.db(), "SELECT 1 FROM stream WHERE needs_head=1").step())
    Query(site.db(), "DELETE FROM identity WHERE key=?1").bind(kChallenge).run();
}

/// Another bundle is known here under the number that a head speaks of.
bool is_contradicted(const LedgerView& view, const Notice& head) {
  for (const auto* entries : {&view.imported, &view.heads})
    for (const auto& e : *entries)
      if (e.stream == head.stream && e.epoch == head.epoch && e.sequence == head.sequence && e.statement != head.statement)
        return true;
  return false;
}

}  // namespace

LedgerView ledger(Site& site) {
  LedgerView view;
  view.site = site.name();
  view.jump = site.settings().jump;
  Query imported(site.db(), "SELECT stream, epoch, sequence, statement FROM ledger ORDER BY stream, epoch, sequence");
  while (imported.step()) view.imported.push_back(entry(imported));
  Query heads(site.db(), "SELECT stream, epoch, sequence, statement FROM head ORDER BY stream");
  while (heads.step()) view.heads.push_back(entry(heads));
  Query streams(site.db(), "SELECT id, accepted, needs_head FROM stream ORDER BY id");
  while (streams.step()) {
    const StreamId stream{streams.array<16>(0)};
    if (streams.integer(1) != 0) view.streams.push_back(stream);
    if (streams.integer(2) != 0) view.in_doubt.push_back(stream);
  }
  if (const auto challenge = wanted_head(site)) view.challenge = encode_challenge(*challenge);
  return view;
}

SiteTime site_time(Site& site) {
  const std::string floor = remembered(site, kFloor);
  return {now(), floor.empty() ? 0 : std::stoull(floor)};
}

void raise_floor(Site& site, std::uint64_t made) {
  if (made > site_time(site).floor) remember(site, kFloor, std::to_string(made));
}

Result<std::string> judge_expiry(Site& site, const char* what, std::uint64_t expires) {
  if (!is_expired(expires, site_time(site))) return std::string();
  const std::string text = fmt::format("the {} was good until {}", what, time_text(expires));
  if (site.settings().refuse_expired)
    return refuse(RefusalKind::expired, text,
                  "ask for a fresh one; this site's configuration (expired = \"refuse\") takes none past its date");
  return text + ", by the best that is known here";
}

std::uint64_t newest_made(Site& site) {
  Query newest(site.db(), "SELECT max(made) FROM (SELECT made FROM ledger UNION ALL SELECT made FROM head)");
  return newest.step() ? newest.number(0) : 0;
}

void record_import(Site& site, const VerifiedBundle& bundle) {
  const Statement& s = bundle.statement();
  const Bytes chain = encode_root_chain(bundle.root_chain());
  const Digest chain_hash = sha256(chain);
  Query(site.db(), "INSERT OR IGNORE INTO root_chain VALUES(?1,?2)").bind(chain_hash, chain).run();
  Query(
      site.db(),
      "INSERT OR REPLACE INTO ledger(stream, epoch, sequence, statement, bundle, imported, made, document, envelope, root_chain) "
      "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)")
      .bind(s.stream.bytes, s.epoch, s.sequence, bundle.statement_hash(), s.bundle.bytes, now(), s.created, encode_statement(s),
            encode_envelope(bundle.envelope()), chain_hash)
      .run();
  set_accepted(site, s.stream, true);
  raise_floor(site, s.created);
}

void vouch(Site& site, const StreamId& stream, const std::string& why) {
  if (!in_doubt(site, stream)) return;
  end_doubt(site, stream);
  site.audit({.what = "override", .detail = "no head token, and a person vouches for the ledger: " + why});
}

Result<bool> take_head(Site& site, const Notice& head, const std::string& text) {
  const LedgerView view = ledger(site);
  const auto numbers = std::tie(head.epoch, head.sequence);
  if (is_contradicted(view, head)) {
    keep_evidence(site, head, text);
    return refuse(RefusalKind::fork, fmt::format("it speaks of another bundle {} than the one that is known here", head.sequence),
                  "somebody signed two different bundles under one number: tell the exporter's people");
  }
  const auto wanted = wanted_head(site);
  const bool answers = wanted && *wanted == head.challenge && in_doubt(site, head.stream);
  if (!answers) {
    for (const LedgerEntry* known : {view.last(head.stream), view.head(head.stream)})
      if (known != nullptr && numbers < std::tie(known->epoch, known->sequence))
        return refuse(
            RefusalKind::stale,
            fmt::format("it speaks of {}, and {} is known already", numbered(head.sequence, head.epoch, known->epoch),
                        numbered(known->sequence, known->epoch, head.epoch)),
            head.epoch < known->epoch ? "have one made for a bundle of the present epoch" : "ask for a fresh head token");
    Query same(site.db(), "SELECT made FROM head WHERE stream=?1 AND epoch=?2 AND sequence=?3");
    if (same.bind(head.stream.bytes, head.epoch, head.sequence).step() && same.number(0) >= head.created) return false;
  }
  Transaction transaction(site.db());
  Query(site.db(), "INSERT OR REPLACE INTO head VALUES(?1,?2,?3,?4,?5,?6,?7)")
      .bind(head.stream.bytes, head.epoch, head.sequence, head.statement, head.created, now(), head.trust_domain)
      .run();
  if (answers) end_doubt(site, head.stream);
  site.audit({.what = "head",
              .detail = fmt::format("bundle {} is the newest by a token made {}{}", head.sequence, time_text(head.created),
                                    answers ? ", for this site's challenge" : "")});
  transaction.commit();
  write_copy(site);
  return true;
}

void accept_stream(Site& site, const StreamId& stream) {
  Transaction transaction(site.db());
  set_accepted(site, stream, true);
  site.audit({.what = "stream", .detail = "accepted: " + to_hex(stream.bytes)});
  transaction.commit();
  write_copy(site);
}

bool forget_stream(Site& site, const StreamId& stream) {
  if (!Query(site.db(), "SELECT 1 FROM stream WHERE id=?1 AND accepted=1").bind(stream.bytes).step()) return false;
  Transaction transaction(site.db());
  set_accepted(site, stream, false);
  end_doubt(site, stream);  // how far it had come matters no more
  site.audit({.what = "stream", .detail = "no longer accepted: " + to_hex(stream.bytes)});
  transaction.commit();
  write_copy(site);
  return true;
}

void doubt(Site& site, const std::vector<StreamId>& streams, const std::string& why) {
  for (const auto& stream : streams)
    Query(site.db(), "INSERT INTO stream(id, accepted, needs_head) VALUES(?1,0,1) ON CONFLICT(id) DO UPDATE SET needs_head=1")
        .bind(stream.bytes)
        .run();
  // A fresh one each time: the database that was put back may hold one that was answered long ago.
  Challenge challenge{};
  randombytes_buf(challenge.data(), challenge.size());
  remember(site, kChallenge, encode_challenge(challenge));
  site.audit({.what = "ledger", .detail = "needs a head token: " + why});
}

std::optional<Challenge> wanted_head(Site& site) {
  const std::string text = remembered(site, kChallenge);
  if (text.empty()) return std::nullopt;
  const auto challenge = decode_challenge(text);
  return challenge ? *challenge : Challenge{};
}

}  // namespace patchferry::importer
