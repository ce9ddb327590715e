// SPDX-License-Identifier: Apache-2.0
// README.txt and the folder's name: for the person who finds the stick (SPEC.md "Folder"). Generated from signed
// facts only, so that a verifier can generate it again and compare.
#pragma once

#include <string>

#include "bundle-format/statement.h"

namespace patchferry {

/// "patchferry-plant1-000042"
std::string bundle_folder_name(const std::string& site, std::uint64_t sequence);
std::string readme_text(const std::string& site, const Statement& statement);

}  // namespace patchferry
