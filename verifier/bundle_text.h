// SPDX-License-Identifier: Apache-2.0
// A bundle in words, as verify, inspect, diff and import print it.
#pragma once

#include <optional>
#include <string>

#include "bundle-format/manifest.h"
#include "bundle-format/statement.h"

namespace patchferry {

/// "bundle 42 for site plant1, made 2026-01-05 10:00:00 UTC: 3 patchsets new, 0 withdrawn, 2 volumes, 12.3 MB".
std::string bundle_line(const Statement& statement, const std::optional<Manifest>& manifest);

/// A table of the patchsets that it brings, on standard output.
void print_patchsets(const Manifest& manifest);

}  // namespace patchferry
