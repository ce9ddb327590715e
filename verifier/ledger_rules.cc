// SPDX-License-Identifier: Apache-2.0
#include "verifier/ledger_rules.h"

#include <fmt/format.h>

namespace patchferry {

Result<void> check_ledger(const Statement& statement, const Digest& statement_hash, const LedgerView& ledger) {
  if (statement.audience != audience_of(ledger.site))
    return refuse(RefusalKind::wrong_site, fmt::format("it is meant for another site than '{}'", ledger.site),
                  "find the bundle for this site; its folder is named patchferry-" + ledger.site + "-<number>");
  if (ledger.stream && *ledger.stream != statement.stream)
    return refuse(RefusalKind::unknown_stream, "it comes from another store than the bundles before it",
                  "this site takes the bundles of one store; keep the medium, and ask the exporter's people what has changed");
  if (is_repeat(statement_hash, ledger)) return {};
  if (statement.epoch == ledger.epoch && statement.sequence == ledger.sequence)
    return refuse(RefusalKind::fork,
                  fmt::format("it is another bundle with the number {} that was imported already", statement.sequence),
                  "somebody signed two different bundles under one number: keep both media and tell the exporter's people");
  if (statement.epoch < ledger.epoch || (statement.epoch == ledger.epoch && statement.sequence < ledger.sequence))
    return refuse(
        RefusalKind::stale,
        fmt::format("it is bundle {}, older than bundle {} that was imported last", statement.sequence, ledger.sequence),
        "look for a bundle with a higher number; an older one is never taken");
  return {};
}

}  // namespace patchferry
