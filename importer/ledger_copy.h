// SPDX-License-Identifier: Apache-2.0
// The ledger's second copy, a text outside the database: whoever puts back an old database is noticed.
//
//   patchferry-ledger-3 <site>
//   challenge <code, or - if no head is wanted>
//   stream <id> <1: accepted, 0: no longer> <1: in doubt> <epoch> <sequence> <hash of the statement>      ascending
//   head <stream> <epoch> <sequence> <hash of the statement>                                              ascending
//   root <domain> <1: taken away> <version> <hash of the document>                                        ascending
//   withdrawn <name of a patchset>                                                                        ascending
//   floor <seconds since 1970>
//   end <HMAC of all bytes before this line, under a key made from site.key>
#pragma once

#include "importer/site.h"

namespace patchferry::importer {

/// Whenever a base is opened. A stream that is behind its copy, or beside it, is in doubt (ledger.h) until a head token
/// or a person has spoken; root documents, what was withdrawn, and the clock's floor go forward to the copy. A copy that is behind the database, as
/// after a crash, is brought up; one that was never made is made.
void compare_copy(Site& site);
/// What the database says now, durably; of streams in doubt, what the copy says. A copy that lags behind only notices
/// less, and is brought up by a later command: so a failure (a full disk) is a note. At worst a doubt that had just been
/// ended is raised once more.
void write_copy(Site& site);

}  // namespace patchferry::importer
