// SPDX-License-Identifier: Apache-2.0
// A bundle small enough to flip every bit of: two archives (any bytes: the format does not look inside), fixed keys,
// times and ids, so that it is the same bytes every time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bundle-format/write/bundle_writer.h"
#include "bundle-format/write/signing_key.h"
#include "tests/temp_folder.h"
#include "verifier/verify.h"

namespace patchferry::test {

struct BundleRecipe {
  unsigned char key = 1;  // seed byte of the signing key
  std::string site = "plant1";
  std::uint64_t sequence = 7;
  unsigned char bundle = 0xb0;  // byte of the bundle id
  std::uint64_t volume_size = 0;
  std::string first = "the first archive, as the vendor made it";
  std::vector<SignedRoot> chain = {};             // empty: document 1 of `key` alone
  std::vector<unsigned char> signers = {};        // seed bytes of those who sign it; empty: `key`
  DocumentType signed_as = DocumentType::bundle;  // what they take it for
  Digest previous = {};
  std::uint64_t expires = 0;
  std::vector<std::string> withdrawn = {};
  std::vector<ManifestNeed> needs = {};
  std::optional<EncryptionKey> encrypt_to = {};
};

SigningKey test_key(unsigned char seed);
SignedBundle small_bundle(const TempFolder& files, const BundleRecipe& recipe = {});
/// Written into `folder`, which is made.
void write_small_bundle(const std::string& folder, const BundleRecipe& recipe = {});

TrustAnchors trust_in(unsigned char seed);
/// Metadata and bodies, all findings; `ledger` may be null.
Findings verify_all(const std::vector<std::string>& paths, const TrustAnchors& anchors, const LedgerView* ledger = nullptr);

std::vector<RefusalKind> kinds(const Findings& findings);
/// The .pfv files of a bundle's folder, in order.
std::vector<std::string> volumes_in(const std::string& folder);
/// A volume size that makes three volumes of the small bundle.
inline constexpr std::uint64_t kSmallVolume = 9000;

Bytes slurp(const std::string& path);
void spit(const std::string& path, ByteSpan bytes);

}  // namespace patchferry::test
