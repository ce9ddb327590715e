// SPDX-License-Identifier: Apache-2.0
// Is a database out of a backup one of ours, whole, of that site, and of a program that we understand? A backup is a file that
// somebody carries about: names in it become paths, so they are judged before anything is done by them.
#pragma once

#include <map>
#include <string>

#include "bundle-format/hash.h"
#include "system/refusal.h"

namespace patchferry::importer::keeping {

/// Archives that it knows: the names of their files, and their hashes.
using KnownArchives = std::map<std::string, Digest>;

/// Refused: damaged, malformed, unknown_format (of a newer program), wrong_site, hostile_member (a name that is no name).
Result<KnownArchives> check_snapshot(const std::string& path, const std::string& site);

}  // namespace patchferry::importer::keeping
