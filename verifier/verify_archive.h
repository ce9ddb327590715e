// SPDX-License-Identifier: Apache-2.0
// `patchferry verify` of a single archive that has its signature beside it.
#pragma once

#include <string>

#include "verifier/trust.h"

namespace patchferry {

/// A regular file with an archive's name.
bool is_archive_file(const std::string& path);

/// Reads all of `path` and its .sig file, prints what came of it, and returns the exit code.
int verify_archive(const std::string& path, const TrustAnchors& anchors, bool json);

}  // namespace patchferry
