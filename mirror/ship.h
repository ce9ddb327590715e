// SPDX-License-Identifier: Apache-2.0
// A signed bundle onto a medium, and back: written under a hidden name, read back through the verifier, and only then
// given its real name and recorded as made.
#pragma once

#include <string>

#include "bundle-format/write/bundle_writer.h"
#include "terminal/output.h"

namespace patchferry::mirror {

/// Most bytes of a volume that the file system at `folder` can hold: 4 GiB − 1 on FAT, 0 (any) elsewhere.
std::uint64_t largest_file_at(const std::string& folder);

/// Writes `bundle` into `folder`/patchferry-<site>-<number>/ and verifies what the medium then gives back. Returns the
/// path. A medium that gives back other bytes is a SystemFailure, and its folder is removed.
std::string write_and_verify(const SignedBundle& bundle, const std::string& folder);

}  // namespace patchferry::mirror
