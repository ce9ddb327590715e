// SPDX-License-Identifier: Apache-2.0
// Head tokens and permits as they come to a site: typed, scanned, or in a file.
#pragma once

#include <string>

#include "importer/site.h"
#include "verifier/notices.h"

namespace patchferry::importer {

/// The text in a file, or on standard input for "-". A path that does not exist is a UsageError.
std::string read_notice_file(const std::string& path);

/// Checked against all that this site knows. Refused: malformed (also a token of the other kind), and what check_token()
/// refuses.
Result<Notice> read_notice(Site& site, NoticeKind kind, const std::string& text);

}  // namespace patchferry::importer
