// SPDX-License-Identifier: Apache-2.0
// The ledger's second copy, a text outside the database: whoever puts back an old database is noticed.
//
//   patchferry-ledger-1
//   stream <id> <epoch> <sequence> <hash of the statement>      one a stream, ascending
//   root <domain> <version> <hash of the document>              one a domain, ascending
//   floor <seconds since 1970>
//   end <SHA-256 of all bytes before this line>
#pragma once

#include "importer/site.h"

namespace patchferry::importer {

/// Whenever a base is opened: a database behind the copy, or beside it, needs a head (ledger.h). A copy that is behind
/// the database, as after a crash, is brought up; one that was never made is made.
void compare_copy(Site& site);
/// What the database says now, unless it needs a head. Durable before it returns.
void write_copy(Site& site);

}  // namespace patchferry::importer
