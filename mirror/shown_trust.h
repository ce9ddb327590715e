// SPDX-License-Identifier: Apache-2.0
// Root documents for a person to look at: complete or not, and a .pub file as the document that it stands for.
#pragma once

#include <string>
#include <vector>

#include "verifier/root_files.h"

namespace patchferry::mirror {

struct ShownDocument {
  std::string path;
  SignedRoot link;
  RootStanding standing;
  bool is_key_file = false;
};

struct ShownTrust {
  Digest domain{};
  std::vector<ShownDocument> documents;  // at least one
};

/// `path`: a folder of root documents, one file of them, or a .pub file. A file of document 2 or later is shown with those before it,
/// which must lie beside it.
Result<ShownTrust> load_shown_trust(const std::string& path);

}  // namespace patchferry::mirror
