// SPDX-License-Identifier: Apache-2.0
#include "verifier/ledger_rules.h"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

namespace patchferry {

namespace {

/// The entry of this stream and number, whoever signed it.
const LedgerEntry* same_number(const std::vector<LedgerEntry>& entries, const Statement& s) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const LedgerEntry& e) {
    return e.stream == s.stream && e.epoch == s.epoch && e.sequence == s.sequence;
  });
  return found == entries.end() ? nullptr : &*found;
}

const LedgerEntry* newest(const std::vector<LedgerEntry>& entries, const StreamId& stream) {
  const LedgerEntry* out = nullptr;
  for (const auto& e : entries)
    if (e.stream == stream && (out == nullptr || std::tie(out->epoch, out->sequence) < std::tie(e.epoch, e.sequence))) out = &e;
  return out;
}

Refusal fork(std::string text) {
  return {RefusalKind::fork, std::move(text),
          "somebody signed two different bundles under one number: keep both media and tell the exporter's people"};
}

/// Two signed accounts of one number: of this bundle's, or of the one before, which it names by hash.
std::optional<Refusal> check_fork(const Statement& s, const Digest& hash, const LedgerView& ledger) {
  if (const LedgerEntry* had = same_number(ledger.imported, s); had != nullptr && had->statement != hash)
    return fork(fmt::format("it is another bundle with the number {} that was imported already", s.sequence));
  if (const LedgerEntry* head = same_number(ledger.heads, s); head != nullptr && head->statement != hash)
    return fork(fmt::format("it is another bundle {} than the one that a head token speaks of", s.sequence));
  const LedgerEntry* last = ledger.last(s.stream);
  if (last != nullptr && last->epoch == s.epoch && last->sequence + 1 == s.sequence && s.previous != Digest{} &&
      s.previous != last->statement)
    return fork(fmt::format("it follows another bundle {} than the one that was imported", last->sequence));
  return std::nullopt;
}

}  // namespace

const LedgerEntry* LedgerView::last(const StreamId& stream) const { return newest(imported, stream); }
const LedgerEntry* LedgerView::head(const StreamId& stream) const { return newest(heads, stream); }

bool LedgerView::doubts(const StreamId& stream) const {
  return std::any_of(in_doubt.begin(), in_doubt.end(), [&](const StreamId& one) { return one == stream || one == StreamId{}; });
}

bool is_repeat(const Statement& statement, const Digest& statement_hash, const LedgerView& ledger) {
  const LedgerEntry* last = ledger.last(statement.stream);
  return last != nullptr && last->statement == statement_hash;
}

std::string numbered(std::uint64_t sequence, std::uint32_t epoch, std::uint32_t other_epoch) {
  return fmt::format("bundle {}", sequence) + (epoch == other_epoch ? std::string() : fmt::format(" of epoch {}", epoch));
}

Findings check_ledger(const Statement& s, const Digest& hash, const LedgerView& ledger) {
  Findings out;
  if (s.audience != audience_of(ledger.site))
    return {{RefusalKind::wrong_site, fmt::format("it is meant for another site than '{}'", ledger.site),
             "find the bundle for this site; its folder is named patchferry-" + ledger.site + "-<number>"}};
  if (!ledger.streams.empty() && std::find(ledger.streams.begin(), ledger.streams.end(), s.stream) == ledger.streams.end())
    return {{RefusalKind::unknown_stream, "it comes from another store than the bundles before it",
             "if the exporter's people confirm that their store is new: patchferry trust stream add " + to_hex(s.stream.bytes)}};
  if (auto forked = check_fork(s, hash, ledger)) out.push_back(std::move(*forked));
  const LedgerEntry* last = ledger.last(s.stream);
  if (!is_repeat(s, hash, ledger)) {
    if (last != nullptr && out.empty() && std::tie(s.epoch, s.sequence) <= std::tie(last->epoch, last->sequence) &&
        ledger.permitted != hash)
      out.push_back({RefusalKind::stale,
                     fmt::format("it is {}, older than {} that was imported last", numbered(s.sequence, s.epoch, last->epoch),
                                 numbered(last->sequence, last->epoch, s.epoch)),
                     s.epoch < last->epoch
                         ? "it was signed under root documents of an earlier epoch: ask for one made under the present "
                           "ones (docs/trust.md)"
                         : "look for a bundle with a higher number; going back takes a permit that the release "
                           "keys have signed (docs/trust.md)"});
    if (last != nullptr && s.sequence != ledger.confirmed_number && s.sequence > last->sequence &&
        s.sequence - last->sequence > ledger.jump)
      out.push_back({RefusalKind::jump,
                     fmt::format("it is bundle {}, {} numbers ahead of bundle {}: more than the {} that pass unasked", s.sequence,
                                 s.sequence - last->sequence, last->sequence, ledger.jump),
                     fmt::format("ask the exporter's people whether they have come so far; then import it with --accept-jump {}",
                                 s.sequence)});
    if (ledger.doubts(s.stream))
      out.push_back({RefusalKind::needs_head,
                     "this site's ledger was put back from an older copy, so it cannot tell new from old",
                     "have a head token made for the challenge " + ledger.challenge +
                         " ('patchferry head make') and give it to 'patchferry head take'"});
  }
  return out;
}

}  // namespace patchferry
