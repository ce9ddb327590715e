// SPDX-License-Identifier: Apache-2.0
// Is this bundle for us, and newer than what we have? Decided from the site's ledger, never from a clock (SPEC.md
// "Ledger"). What only a clock could tell is a warning (verifier/freshness.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bundle-format/statement.h"
#include "system/refusal.h"
#include "verifier/findings.h"

namespace patchferry {

/// One bundle of one stream: imported here, or known from a head token.
struct LedgerEntry {
  StreamId stream{};
  std::uint32_t epoch = 0;
  std::uint64_t sequence = 0;
  Digest statement{};  // hash of its statement
};

/// How far ahead of the last import a number may be, unless somebody says that it is right.
constexpr std::uint64_t kUsualJump = 1000;

/// What the site's ledger says; handed to the verifier by value.
struct LedgerView {
  std::string site;
  std::vector<StreamId> streams;      // accepted; empty before the first import, which teaches one
  std::vector<LedgerEntry> imported;  // ascending by (epoch, sequence) within a stream
  std::vector<LedgerEntry> heads;     // the newest that is known to exist, at most one a stream
  std::vector<StreamId> in_doubt;     // how far these had come is not known, after the ledger was put back; all zero: any
  std::string challenge;              // to have a head made for, if it needs one
  std::uint64_t jump = kUsualJump;
  std::uint64_t confirmed_number = 0;  // that somebody has asked about, however far ahead it is
  std::optional<Digest> permitted;     // statement of an older bundle that a signed permit lets through

  /// The last import of a stream; null: none.
  const LedgerEntry* last(const StreamId& stream) const;
  const LedgerEntry* head(const StreamId& stream) const;
  bool doubts(const StreamId& stream) const;
};

/// "bundle 7", or "bundle 7 of epoch 2" where the other one is of another epoch.
std::string numbered(std::uint64_t sequence, std::uint32_t epoch, std::uint32_t other_epoch);

/// All that speaks against it: wrong_site, unknown_stream, fork, stale, jump, needs_head. The very bundle that was
/// imported last is no refusal (see is_repeat).
Findings check_ledger(const Statement& statement, const Digest& statement_hash, const LedgerView& ledger);

/// The bundle that was imported last from its stream.
bool is_repeat(const Statement& statement, const Digest& statement_hash, const LedgerView& ledger);

}  // namespace patchferry
