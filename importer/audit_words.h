// SPDX-License-Identifier: Apache-2.0
// What an entry of the audit log is about. Its detail is text for people, and its encoding is for good (docs/audit.md), so
// names are found in it as whole words: K20260105_01 is not in "K20260105_010".
#pragma once

#include <string_view>

namespace patchferry::importer {

/// Words are made of what names are made of: letters, digits, '.', '_', '+', '-'.
bool has_word(std::string_view text, std::string_view word);
/// By its name, or by that of its archive.
bool names_patchset(std::string_view text, std::string_view patchset);

}  // namespace patchferry::importer
