// SPDX-License-Identifier: Apache-2.0
// What no command of ours does with a key, and a thief would.
#pragma once

#include <string>
#include <vector>

#include "bundle-format/signature.h"

namespace patchferry::test {

/// Signs each volume of a bundle with these keys, whether they may or not, and with them alone; as a document of `type`.
void sign_by_force(const std::string& bundle, const std::vector<std::string>& key_files,
                   DocumentType type = DocumentType::bundle);

}  // namespace patchferry::test
