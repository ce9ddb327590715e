// SPDX-License-Identifier: Apache-2.0
// Is this bundle for us, and newer than what we have? Decided from the site's ledger, never from a clock.
#pragma once

#include <optional>
#include <string>

#include "bundle-format/statement.h"
#include "system/refusal.h"

namespace patchferry {

/// What the site's ledger says; handed to the verifier by value.
struct LedgerView {
  std::string site;
  std::optional<StreamId> stream;  // none before the first import, which learns it
  std::uint32_t epoch = 0;
  std::uint64_t sequence = 0;  // of the newest import; 0: none
  Digest statement{};          // hash of its statement
};

/// wrong_site, unknown_stream, stale, fork. The very bundle that was imported last is no refusal (see is_repeat).
Result<void> check_ledger(const Statement& statement, const Digest& statement_hash, const LedgerView& ledger);

inline bool is_repeat(const Digest& statement_hash, const LedgerView& ledger) {
  return ledger.sequence != 0 && ledger.statement == statement_hash;
}

}  // namespace patchferry
