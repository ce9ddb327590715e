// SPDX-License-Identifier: Apache-2.0
// What became of arch/ and of the contents that were taken out of it anew.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "system/refusal.h"

namespace patchferry::importer {

struct ArchiveFailure {
  std::string name;
  std::optional<RefusalKind> kind;  // none: this machine has failed
  std::string text;
  std::string hint;
};

struct ArchivesReport {
  std::vector<std::string> mended;   // patchsets whose contents were taken out of what is here (mend.h)
  std::vector<std::string> done;     // made again in arch/
  std::vector<std::string> pending;  // still to be; failed ones too
  std::vector<ArchiveFailure> failed;
};

}  // namespace patchferry::importer
