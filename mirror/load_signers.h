// SPDX-License-Identifier: Apache-2.0
// From what a person names on the command line to keys that sign.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bundle-format/write/signer.h"

namespace patchferry::mirror {

using Signers = std::vector<std::unique_ptr<Signer>>;

/// `names`: .key files, and pkcs11: URIs of keys in tokens. Those that need a password or PIN take it from
/// `password_files`, in order, and from the terminal once these are used up; a token wants its PIN once, however many of its
/// keys sign. A key that cannot be opened is a UsageError, and so is the same key twice.
Signers load_signers(const std::vector<std::string>& names, const std::vector<std::string>& password_files);

}  // namespace patchferry::mirror
