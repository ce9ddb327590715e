// SPDX-License-Identifier: Apache-2.0
// Root documents on disk: root-0001.pfr, root-0002.pfr, … in a folder, or a file that holds a whole chain
// (SPEC.md "Root document files"). The files of a folder, joined in order, are the chain.
#pragma once

#include <string>
#include <vector>

#include "bundle-format/root_document.h"
#include "system/refusal.h"

namespace patchferry {

/// "root-0002.pfr".
std::string root_file_name(std::uint32_t version);
/// A folder with root documents in it, whatever else it holds.
bool is_trust_folder(const std::string& path);

/// One document, where it was read, and how far it has come.
struct RootFile {
  std::string path;
  SignedRoot link;
  RootStanding standing;
};

/// Every document from version 1 on, each judged by the one before. The newest may still lack signatures, all others are
/// complete. `path`: a folder, or a file that holds the chain from document 1 on. A path that does not exist and a folder without documents
/// are a UsageError. Refusals: malformed, bad_name, too_large, incomplete (a version is not there), bad_root,
/// unknown_key, bad_signature.
Result<std::vector<RootFile>> read_root_files(const std::string& path);

/// The chain that is in force, from document 1 on. Refused as well: threshold, if the newest lacks signatures.
Result<std::vector<SignedRoot>> load_root_chain(const std::string& path);

}  // namespace patchferry
