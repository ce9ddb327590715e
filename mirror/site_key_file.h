// SPDX-License-Identifier: Apache-2.0
// A site.pub that somebody has brought, and whether it is the key that the site is known by.
#pragma once

#include <string>

#include "bundle-format/site_key.h"
#include "mirror/store.h"

namespace patchferry::mirror {

/// A path that does not exist is a UsageError; a file that is none is refused (malformed).
Result<SitePublicKey> load_site_key(const std::string& path);

/// What bundles for `site` may be encrypted to. Refused (wrong_key) if either half is another than the one known: by
/// `receipt`, if one was given (else null), by earlier ones, or by a person's word. A warning if nothing is known.
Result<EncryptionKey> encryption_key_of(Store& store, const std::string& site, const std::string& path,
                                        const SignedReceipt* receipt);

}  // namespace patchferry::mirror
