// SPDX-License-Identifier: Apache-2.0
#include "mirror/authority.h"

#include "system/failure.h"
#include "verifier/root_files.h"
#include "verifier/trust.h"

namespace patchferry::mirror {

namespace {

/// Root document 1 of a small site, signed by its one key.
SignedRoot founding_root(const Signer& key) {
  Bytes document = encode_root(single_key_root(key.public_key()));
  Envelope envelope = sign_with({&key}, DocumentType::root, document);
  return {std::move(document), std::move(envelope)};
}

}  // namespace

Digest Authority::domain() const { return sha256(chain.front().document); }

std::string Authority::founder() const {
  const auto first = decode_root(chain.front().document);
  return first ? founder_of(*first) : fingerprint(domain());
}

std::vector<const Signer*> Authority::all() const {
  std::vector<const Signer*> out;
  for (const auto& signer : signers) out.push_back(signer.get());
  return out;
}

Result<Authority> load_authority(const std::string& trust, Role role, Signers signers) {
  Authority out;
  if (trust.empty()) {
    if (signers.size() != 1)
      throw UsageError("several keys sign together only under root documents", "give their folder with --trust TRUSTDIR");
    out.root = single_key_root(signers.front()->public_key());
    out.chain = {founding_root(*signers.front())};
  } else {
    auto chain = load_root_chain(trust);
    if (!chain) return tl::unexpected(std::move(chain.error()));
    out.chain = std::move(*chain);
    auto root = decode_root(out.chain.back().document);
    if (!root) return tl::unexpected(std::move(root.error()));
    out.root = std::move(*root);
  }
  for (const auto& signer : signers)
    if (!out.root.holds(role, signer->public_key()))
      return refuse(RefusalKind::unknown_key,
                    "the key " + fingerprint(signer->public_key()) + " does not hold the role '" + name_of(role) +
                        "' in the root document that is in force",
                    "'patchferry trust show' lists who holds it");
  out.signers = std::move(signers);
  return out;
}

}  // namespace patchferry::mirror
