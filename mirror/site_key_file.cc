// SPDX-License-Identifier: Apache-2.0
#include "mirror/site_key_file.h"

#include "bundle-format/words.h"
#include "system/failure.h"
#include "system/file.h"
#include "terminal/output.h"

namespace patchferry::mirror {

Result<SitePublicKey> load_site_key(const std::string& path) {
  if (!exists(path) || is_folder(path))
    throw UsageError("there is no key " + path, "give the site.pub that lies in the site's base directory");
  const auto bytes = read_whole(path, 4096);
  auto key = decode_site_public_key(bytes ? as_text(*bytes) : std::string_view());
  if (!key) return tl::unexpected(std::move(key.error()).in(path));
  return key;
}

Result<EncryptionKey> encryption_key_of(Store& store, const std::string& site, const std::string& path,
                                        const SignedReceipt* receipt) {
  const auto key = load_site_key(path);
  if (!key) return tl::unexpected(key.error());
  const auto known = store.find_site(site);
  if ((known && known->key != key->signing) || (receipt != nullptr && receipt->key != key->signing))
    return tl::unexpected(Refusal{RefusalKind::wrong_key,
                                  "this is not the key of site " + site + ", whose receipts are signed by " +
                                      fingerprint(known ? known->key : receipt->key),
                                  "give the site.pub that lies in that site's base directory", path});
  // Nothing in site.pub vouches for its second half: a receipt does, or the person who has pinned both.
  const auto pinned = receipt != nullptr ? std::optional(receipt->receipt.encryption) : known ? known->encryption : std::nullopt;
  if (pinned && *pinned != key->encryption)
    return tl::unexpected(Refusal{RefusalKind::wrong_key, "its second half is not the key that site " + site + " is known by",
                                  "somebody has changed the file: give the site.pub that lies in that site's base directory",
                                  path});
  if (!pinned)
    warn("warning: nothing is known here of the key of site " + site +
         "; compare these words with 'patchferry status' there: " + site_key_words(*key));
  return key->encryption;
}

}  // namespace patchferry::mirror
